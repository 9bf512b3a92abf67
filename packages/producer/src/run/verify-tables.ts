import { attemptsOf, describeError, toOffloadError } from '@lance-offload/base';
import { verifyTable } from '@lance-offload/verify';
import type { RunRequest } from '@lance-offload/fleet';
import type { Context, GlobalOptions } from '../context.ts';
import { print } from '../screen/output.ts';
import { createVerifyScreen, type VerifyScreen } from '../screen/verify-screen.ts';
import { verdictText, type Verified } from '../screen/verify-words.ts';
import { selectTables } from './select-tables.ts';

export interface VerifyOptions extends GlobalOptions {
  /** How many differences of each kind are named. */
  readonly show: number;
}

const INTERRUPTED = 130;

async function verifyOne(
  { table, destination, options }: RunRequest,
  context: Context,
  show: number,
  screen: VerifyScreen,
  signal: AbortSignal,
): Promise<Verified> {
  const { config, source, staging } = context;
  const deps = { source, staging, pageBytes: config.page_bytes, attempts: attemptsOf(config), signal, show };
  try {
    return await verifyTable(
      { table, destination, options },
      { ...deps, onProgress: (progress) => screen.show(table, progress) },
    );
  } catch (thrown) {
    signal.throwIfAborted();
    return { table, destination, error: toOffloadError(thrown) };
  } finally {
    screen.finish();
  }
}

function documentOf(verified: readonly Verified[], agrees: boolean) {
  const tables = verified.map((one) =>
    'error' in one ? { ...one, agrees: false, error: describeError(one.error) } : one,
  );
  return { agrees, tables };
}

/** Compares tables one after the other: each takes what the machine has. One that cannot be compared holds up no other. */
async function verifyAll(
  requests: readonly RunRequest[],
  context: Context,
  show: number,
  signal: AbortSignal,
): Promise<Verified[]> {
  const screen = createVerifyScreen();
  const verified: Verified[] = [];
  for (const request of requests) verified.push(await verifyOne(request, context, show, screen, signal));
  return verified;
}

/**
 * `lance-offload verify`: compares lake tables with their sources, and says what differs.
 *
 * @returns the exit code: 0 where every table agrees, 1 otherwise.
 */
export async function verifyTables(
  names: readonly string[],
  context: Context,
  { json, show }: VerifyOptions,
): Promise<number> {
  const requests = await selectTables(names, context.config, context.source);
  const stop = new AbortController();
  const onSignal = () => (stop.signal.aborted ? process.exit(INTERRUPTED) : stop.abort());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const verified = await verifyAll(requests, context, show, stop.signal);
    const agrees = verified.every((one) => 'findings' in one && one.agrees);
    print(json, documentOf(verified, agrees), () => verdictText(verified));
    return agrees ? 0 : 1;
  } catch (thrown) {
    if (!stop.signal.aborted) throw thrown;
    process.stderr.write('Stopped; nothing was changed.\n');
    return INTERRUPTED;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

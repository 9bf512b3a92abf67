import type { Logger } from '@lance-offload/base';

/** Nothing is lost by ending without them: the dashboard holds no job. */
const CLOSE_MS = 5000;

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

async function closeInOrder(parts: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const close of parts) await close();
}

/** Closes the parts in order on SIGTERM or SIGINT and ends the process; a second signal ends it at once. */
export function onStop(parts: readonly (() => Promise<unknown>)[], logger: Logger): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      logger.info({ signal }, 'shutting down');
      void Promise.race([closeInOrder(parts), after(CLOSE_MS)])
        .catch((error: unknown) => logger.warn({ err: error }, 'not everything could be closed'))
        .finally(() => process.exit(0));
    });
  }
}

import type { Logger } from '@lance-offload/base';
import type { Worker } from 'bullmq';

/** What is to be closed, in this order, once no job is running any more. */
export interface ShutdownParts {
  readonly workers: readonly Worker[];
  readonly close: readonly (() => Promise<unknown>)[];
  readonly graceMs: number;
  readonly logger: Logger;
}

/** A process that cannot close its connections in this time is ended as it is: everything it did is on disk. */
const CLOSE_MS = 5000;

function after(ms: number): Promise<'timeout'> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, 'timeout').unref();
  });
}

/**
 * Ends a worker: stop taking jobs, let those under way finish for `graceMs`, then abort them (their pages go back to
 * the queue when their locks expire), close connections.
 */
export async function shutDown({ workers, close, graceMs, logger }: ShutdownParts): Promise<void> {
  logger.info({ graceMs }, 'shutting down: finishing the pages under way');
  const drained = Promise.all(workers.map((worker) => worker.close()));
  if ((await Promise.race([drained, after(graceMs)])) === 'timeout') {
    logger.warn('grace period over: aborting the pages under way');
    for (const worker of workers) worker.cancelAllJobs('shutdown');
    await Promise.race([Promise.all(workers.map((worker) => worker.close(true))), after(CLOSE_MS)]);
  }
  await Promise.race([Promise.allSettled(close.map((part) => part())), after(CLOSE_MS)]);
}

/**
 * Runs `end` once, on SIGTERM, SIGINT or (where asked for) the end of standard input; a second signal ends the process
 * at once.
 */
export function onStop(end: () => Promise<void>, { withStdin }: { readonly withStdin: boolean }): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void end().finally(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stop();
    });
  }
  if (withStdin) process.stdin.on('end', stop).on('error', stop).resume();
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

/**
 * Loaded into a program with `--import`, it says at each SIGUSR2 how long the program's event loop was held up at most
 * since the last one.
 */
if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on('SIGUSR2', () => {
    process.stderr.write(
      `event loop: longest delay ${(delay.max / NS_PER_MS).toFixed(1)} ms, p99 ${(delay.percentile(99) / NS_PER_MS).toFixed(1)} ms, of ${delay.count}\n`,
    );
    delay.reset();
  });
}

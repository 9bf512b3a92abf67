import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const TURN_MS = 10;
const NS_PER_MS = 1e6;

/** How long this thread has been ready to run without a processor to run on (Linux; 0 where that is not told). */
function waitedForProcessorMs(): number {
  try {
    const [, waitedNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
    return Number(waitedNs) / NS_PER_MS;
  } catch {
    return 0; // all of a delay then counts as the program's own
  }
}

/** The longest time between two turns of the event loop that the program itself took, computing or in blocking calls. */
class OwnDelay {
  #longestMs = 0;
  #turnAtMs = performance.now();
  #waitedMs = waitedForProcessorMs();

  turn(): void {
    const [atMs, waitedMs] = [performance.now(), waitedForProcessorMs()];
    this.#longestMs = Math.max(this.#longestMs, atMs - this.#turnAtMs - (waitedMs - this.#waitedMs));
    [this.#turnAtMs, this.#waitedMs] = [atMs, waitedMs];
  }

  take(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }
}

/**
 * Loaded into a program with `--import`, it says at each SIGUSR2 how long the program's event loop was held up at most
 * since the last one: by the program's own doing, and in all, with what other programs did on the same processors.
 */
if (isMainThread) {
  const own = new OwnDelay();
  setInterval(() => own.turn(), TURN_MS).unref();
  const all = monitorEventLoopDelay({ resolution: TURN_MS });
  all.enable();
  process.on('SIGUSR2', () => {
    const inAllMs = all.max / NS_PER_MS;
    process.stderr.write(
      `event loop: longest delay ${own.take().toFixed(1)} ms, in all ${inAllMs.toFixed(1)} ms\n`,
    );
    all.reset();
  });
}

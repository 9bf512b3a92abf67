import { writeFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { describeError, toOffloadError, asLakeError } from '@lance-offload/base/transform';
import { transformPage } from '@lance-offload/core/transform';
import type { HashOutcome, HashRequest, HashTask } from './hasher.ts';
import { rehashFile } from './rehash-file.ts';

async function rowsOf(task: HashTask): Promise<number> {
  const { parquet, rows } = 'file' in task ? await rehashFile(task) : transformPage(task);
  await writeFile(task.to, parquet).catch((error: unknown) => {
    throw asLakeError(error, 'write', task.to);
  });
  return rows;
}

/** Bodies of a page, which go back to be used for another one. */
function buffersOf(task: HashTask): ArrayBuffer[] {
  const bodies = 'bodies' in task ? task.bodies : [];
  return bodies.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
}

/** Entry of the thread of a `Hasher`: answers each request, one after the other. */
parentPort?.on('message', ({ id, task }: HashRequest) => {
  void (async () => {
    const buffers = buffersOf(task);
    const outcome: HashOutcome = await rowsOf(task).then(
      (rows) => ({ id, rows, buffers }),
      (error: unknown) => ({ id, failure: describeError(toOffloadError(error)) }),
    );
    parentPort?.postMessage(outcome, 'rows' in outcome ? buffers : []);
  })();
});

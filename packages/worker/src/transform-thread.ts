import { describeError, toOffloadError } from '@lance-offload/base/transform';
import { transformPage, type TransformedPage, type TransformTask } from '@lance-offload/core/transform';
import { move, transferableSymbol, valueSymbol } from 'piscina';

/** What comes back from a thread. Errors come as plain data, since an error's class does not survive the crossing. */
export type TransformOutcome =
  | { readonly made: TransformedPage; readonly bodies: readonly ArrayBufferLike[] }
  | { readonly failure: ReturnType<typeof describeError> };

/** The outcome with its large buffers moved out of the thread, not copied; the bodies' go back to be used again. */
function moved(made: TransformedPage, task: TransformTask): Parameters<typeof move>[0] {
  const outcome: TransformOutcome = { made, bodies: task.bodies.map((body) => body.buffer) };
  const buffers = [made.parquet.buffer, made.rowIds.buffer, ...outcome.bodies];
  return { [transferableSymbol]: buffers, [valueSymbol]: outcome };
}

/** Entry of the pool's threads. */
export default function transformInThread(task: TransformTask): unknown {
  try {
    return move(moved(transformPage(task), task));
  } catch (error) {
    return { failure: describeError(toOffloadError(error)) } satisfies TransformOutcome;
  }
}

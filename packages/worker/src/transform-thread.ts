import {
  describeError,
  toOffloadError,
  transformPage,
  type TransformedPage,
  type TransformTask,
} from '@lance-offload/core/transform';
import { move, transferableSymbol, valueSymbol } from 'piscina';

/** What comes back from a thread. Errors come as plain data, since an error's class does not survive the crossing. */
export type TransformOutcome =
  | { readonly made: TransformedPage }
  | { readonly failure: ReturnType<typeof describeError> };

/** The outcome with its large buffers moved out of the thread, not copied. */
function moved(made: TransformedPage): Parameters<typeof move>[0] {
  const outcome: TransformOutcome = { made };
  return { [transferableSymbol]: [made.parquet.buffer, made.rowIds.buffer], [valueSymbol]: outcome };
}

/** Entry of the pool's threads. */
export default function transformInThread(task: TransformTask): unknown {
  try {
    return move(moved(transformPage(task)));
  } catch (error) {
    return { failure: describeError(toOffloadError(error)) } satisfies TransformOutcome;
  }
}

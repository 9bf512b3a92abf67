import type { Store } from '@lance-offload/delta';

/** Where a process is to halt: before it begins an operation of its store, or once it has its answer. */
export interface Halt {
  /** From 1 on, in the order in which operations are begun. */
  readonly operation: number;
  readonly when: 'before' | 'after';
  /** `SIGKILL` ends it there. */
  readonly signal: 'SIGSTOP' | 'SIGKILL';
}

/** They say where something is, and touch nothing. All else that a store has counts, also what it may get one day. */
const NAMING = new Set<PropertyKey>(['locate', 'keyOf'] satisfies (keyof Store)[]);

const isListing = (answer: unknown): answer is AsyncIterable<unknown> =>
  typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;

async function* andThen(listing: AsyncIterable<unknown>, then: () => void): AsyncIterable<unknown> {
  try {
    yield* listing;
  } finally {
    then();
  }
}

async function whenSettled(answer: Promise<unknown>, then: () => void): Promise<unknown> {
  try {
    return await answer;
  } finally {
    then();
  }
}

/** A store that counts what it is asked for, and that halts its own process at one of these operations. */
export function haltingStore(
  store: Store,
  halt: Halt | undefined,
): { readonly store: Store; readonly operations: readonly string[] } {
  const operations: string[] = [];
  const reached = (when: Halt['when'], operation: number) => {
    if (halt?.when === when && halt.operation === operation) process.kill(process.pid, halt.signal);
  };
  const counting = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (NAMING.has(name)) return member.bind(target);
      return (...args: readonly unknown[]): unknown => {
        const operation = operations.push(`${String(name)} ${String(args[0])}`);
        reached('before', operation);
        const answer: unknown = Reflect.apply(member, target, args);
        const then = () => reached('after', operation);
        return isListing(answer) ? andThen(answer, then) : whenSettled(Promise.resolve(answer), then);
      };
    },
  });
  return { store: counting, operations };
}

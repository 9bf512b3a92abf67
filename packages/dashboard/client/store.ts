import { useEffect, useRef, useState } from 'preact/hooks';

/** A value that components follow. */
export interface Store<Value> {
  get(): Value;
  set(next: Value): void;
  /** Returns what ends it. */
  subscribe(listener: () => void): () => void;
}

export function createStore<Value>(initial: Value): Store<Value> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What `select` takes from the store; the component is drawn again when that is another. */
export function useStore<Value, Part>(store: Store<Value>, select: (value: Value) => Part): Part {
  const selected = select(store.get());
  const [, redraw] = useState<unknown>(selected);
  const latest = useRef(select);
  latest.current = select;
  useEffect(() => {
    const check = (): void => redraw(() => latest.current(store.get()));
    check();
    return store.subscribe(check);
  }, [store]);
  return selected;
}

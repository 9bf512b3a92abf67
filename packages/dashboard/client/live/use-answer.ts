import { useEffect, useRef, useState } from 'preact/hooks';
import { read, RequestError } from '../request.ts';

export interface Read<Answer> {
  readonly answer: Answer | null;
  readonly error: RequestError | null;
  readonly again: () => void;
}

type State<Answer> = Omit<Read<Answer>, 'again'> & { readonly path: string | null };

/** Milliseconds between two readings of the same that follow a change. */
const PACE_MS = 2000;

/** Reads `path` (null: nothing), and again when `version` changes, no oftener than every two seconds. Keeps the last answer meanwhile. */
export function useAnswer<Answer>(path: string | null, version: unknown = null): Read<Answer> {
  const [state, setState] = useState<State<Answer>>({ answer: null, error: null, path });
  const [asked, setAsked] = useState(0);
  const last = useRef({ path, asked, atMs: 0 });
  const wanted = useRef(path);
  wanted.current = path;
  useEffect(() => {
    if (path === null) return undefined;
    const isOther = last.current.path !== path || last.current.asked !== asked;
    const waitMs = isOther ? 0 : Math.max(0, last.current.atMs + PACE_MS - Date.now());
    const show = (next: (before: State<Answer>) => State<Answer>): void => {
      if (wanted.current === path) setState(next);
    };
    const timer = setTimeout(() => {
      last.current = { path, asked, atMs: Date.now() };
      read<Answer>(path)
        .then((answer) => show(() => ({ answer, error: null, path })))
        .catch((error: unknown) => {
          if (error instanceof RequestError)
            show(({ answer, path: of }) => ({ answer: of === path ? answer : null, error, path }));
        });
    }, waitMs);
    return () => clearTimeout(timer);
  }, [path, version, asked]);
  const current = state.path === path ? state : { answer: null, error: null };
  return { answer: current.answer, error: current.error, again: () => setAsked((times) => times + 1) };
}

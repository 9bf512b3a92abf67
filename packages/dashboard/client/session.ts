import type { SessionAnswer } from '../src/api/answers.ts';
import { read } from './request.ts';
import { createStore, useStore } from './store.ts';

export const session = createStore<SessionAnswer | null>(null);

/** Asks who looks; on 401 the request goes to the login by itself. Asks again until there is an answer. */
export async function startSession(): Promise<void> {
  try {
    session.set(await read<SessionAnswer>('/api/session'));
  } catch {
    setTimeout(() => void startSession(), 5000); // the header says meanwhile that the dashboard does not answer
  }
}

/** Whether this user may change something. */
export function useMayChange(): boolean {
  return useStore(session, (answer) => answer?.role === 'operator');
}

import type { RunState, WorkerRow } from '../../src/api/answers.ts';
import { RUN_STATES, WORKER_STATES, type Tone } from '../words.ts';

/** A state: its word, and a mark whose shape tells its tone without the colour. */
export function Badge({ tone, word }: { tone: Tone; word: string }) {
  return (
    <span class={`badge ${tone}`}>
      <span class="mark" aria-hidden="true" />
      {word}
    </span>
  );
}

export function RunBadge({ state }: { state: RunState }) {
  return <Badge {...RUN_STATES[state]} />;
}

export function WorkerBadge({ state }: { state: WorkerRow['state'] }) {
  return <Badge {...WORKER_STATES[state]} />;
}

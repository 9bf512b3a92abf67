import { ALL_STATE_WORDS, isEnded } from '@lance-offload/fleet';
import type { RunState } from '../api/answers.ts';
import type { FleetState } from '../api/fleet-state.ts';
import { isFinal, stateWordOf } from '../api/run-state.ts';

const OPEN_STATES: readonly RunState[] = [...ALL_STATE_WORDS.filter((word) => !isEnded(word)), 'paused'];

/** How many runs are open in which state, as the pages show them. */
export function countOpenRuns(state: FleetState): Readonly<Record<string, number>> {
  const states = state.book
    .list(state.nowMs)
    .filter((record) => !isFinal(record))
    .map((record) => stateWordOf(record, state.factsOf(record)));
  return Object.fromEntries(OPEN_STATES.map((open) => [open, states.filter((one) => one === open).length]));
}

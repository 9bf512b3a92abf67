import type { RunState } from '../api/answers.ts';
import type { FleetState } from '../api/fleet-state.ts';
import { isFinal, stateOf } from '../api/run-state.ts';

const OPEN_STATES = [
  'planning',
  'staging',
  'committing',
  'blocked',
  'paused',
  'failed',
  'interrupted',
] as const satisfies readonly RunState[];
type OpenState = (typeof OPEN_STATES)[number];

/** How many runs are open in which state, as the pages show them. */
export function countOpenRuns(state: FleetState): Record<OpenState, number> {
  const states: RunState[] = state.book
    .list(state.nowMs)
    .filter((record) => !isFinal(record))
    .map((record) => stateOf(record, state.factsOf(record)));
  const counts = OPEN_STATES.map((open) => [open, states.filter((one) => one === open).length] as const);
  return Object.fromEntries(counts) as Record<OpenState, number>;
}

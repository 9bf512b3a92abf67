import type { RunReport } from '@lance-offload/core';
import { TRANSITIONS } from './run-transitions.ts';
import { OBSERVATIONS, type Observation } from './run-events.ts';
import type { RunState } from './state-words.ts';

/** All that the lake and the queue say of a run as far as its state depends on it. */
export interface RunFacts {
  /** plan.json is there. */
  readonly planned: boolean;
  /** The job that plans it is done: its pages are in the queue. */
  readonly enqueued: boolean;
  /** `staged`: every page has its receipt, and none has failed; `failed`: no page is left but those that failed. */
  readonly pages: 'waiting' | 'staged' | 'failed';
  readonly decision: 'none' | 'commit' | 'cancel';
  /** What the table's log says of the run; `no log` where the table has none. */
  readonly log: 'no log' | 'nothing' | 'published' | 'fenced';
  /** The job of the run that failed for good, pages apart. */
  readonly failed: 'nothing' | 'plan' | 'commit';
  /** The queue has the run's commit, and it is still to be done. */
  readonly queued: boolean;
  /** Another fleet's producer opened it, as far as is known. */
  readonly openedElsewhere: boolean;
  readonly report: 'none' | RunReport['state'];
}

/** The facts as events, in their canonical order. */
function observationsOf(facts: RunFacts): Observation[] {
  const { planned, pages, decision, log, failed, report } = facts;
  const holds: Readonly<Record<Observation, boolean>> = {
    'plan written': planned,
    'pages enqueued': planned && facts.enqueued,
    'all pages staged': planned && pages === 'staged',
    'only failed pages left': planned && pages === 'failed',
    'decided to commit': decision === 'commit',
    logged: log === 'published',
    fenced: log === 'fenced',
    'decided to cancel': decision === 'cancel',
    'plan failed': failed === 'plan',
    'commit failed': failed === 'commit',
    'queue lost': !facts.queued,
    'opened elsewhere': facts.openedElsewhere,
    'no log to fence in': log === 'no log',
    'reported published': report === 'published',
    'reported unchanged': report === 'unchanged',
    'reported cancelled': report === 'cancelled',
  };
  return OBSERVATIONS.filter((observation) => holds[observation]);
}

/** The state of a run: what is known of it, replayed from its opening. */
export function stateOf(facts: RunFacts): RunState {
  return observationsOf(facts).reduce<RunState>(
    (state, observation) => TRANSITIONS[state][observation],
    'planning',
  );
}

import {
  PAGE_STATES,
  readPageStates,
  readRecord,
  type FleetLink,
  type RunRecord,
} from '@lance-offload/fleet';
import type { PageState } from './run-answers.ts';
import type { FleetState } from './fleet-state.ts';

const STAGED = PAGE_STATES.staged.charCodeAt(0);
const RETRYING = PAGE_STATES.retrying.charCodeAt(0);

/** How the pages of a run stand, each by its index. */
export interface PageStates {
  readonly total: number;
  of(index: number): PageState;
}

/**
 * Indexes of staged pages, as Redis has them. Where it was emptied, it has nothing, or the pages that were staged since: then the
 * lake's receipts say the rest.
 */
async function readTold(record: RunRecord, fleet: FleetLink): Promise<Uint8Array> {
  const told = await readPageStates(record.runId, fleet);
  const staged = told.reduce((count, state) => (state === STAGED ? count + 1 : count), 0);
  const isWhole = staged >= record.stagedPages;
  if (isWhole && (told.length > 0 || (await readRecord(record.runId, fleet)))) return told;
  const receipts = await fleet.staging.listReceipts(record);
  const states = new Uint8Array(Math.max(record.pages ?? 0, told.length));
  states.set(told);
  for (const index of receipts) states[index] = STAGED;
  return states;
}

export async function readStates(
  record: RunRecord,
  state: FleetState,
  fleet: FleetLink,
): Promise<PageStates> {
  const total = record.pages ?? 0;
  if (record.state === 'published') return { total, of: () => 'staged' };
  const told = await readTold(record, fleet);
  const { runId } = record;
  const active = new Set(state.pagesUnderWay(runId));
  const failed = new Set([...state.index.ofRun(runId)].map(({ page }) => page));
  return {
    total,
    of: (index) => {
      if (told[index] === STAGED) return 'staged';
      if (active.has(index)) return 'active';
      if (failed.has(index)) return 'failed';
      return told[index] === RETRYING ? 'retrying' : 'waiting';
    },
  };
}

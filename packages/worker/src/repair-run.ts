import { listRowIds, pageCount, pageScanOf, type Repair } from '@lance-offload/core';
import { stagePage, type PageDeps } from './stage-page.ts';

/**
 * Repairs a run whose pages lack rows: lists the ids of all rows of the pinned version, takes those away that are staged,
 * and stages the rest by their ids, behind the planned pages. Killed anywhere and run again, it stages what is missing
 * then.
 */
export function createRepair(deps: PageDeps, signal: AbortSignal): Repair {
  return async (plan, scan, staged) => {
    const { filter } = pageScanOf(plan, { scan });
    const expected = scan === 'rows' ? plan.sourceRows : plan.sweepRows;
    const listing = { table: plan.table, version: plan.sourceVersion, filter, expected };
    const missing = await listRowIds(listing, deps.source, signal);
    try {
      missing.remove(staged);
      const taken = await deps.staging.listReceipts(plan);
      let index = Math.max(pageCount(plan), (taken.at(-1) ?? -1) + 1);
      for (const ids of missing.slices(plan.rowsPerPage)) {
        const page = { index, offset: 0, limit: ids.length, scan, repair: true };
        await stagePage(plan, page, deps, signal, ids);
        index += 1;
      }
    } finally {
      missing.dispose();
    }
  };
}

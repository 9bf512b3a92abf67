import {
  listingProgress,
  pageCount,
  pageScanOf,
  readRowIds,
  stagedRowIds,
  type PageKind,
  type Receipt,
  type Repair,
  type RunPlan,
  type Staging,
} from '@lance-offload/core';
import { listRowIds, retryingQueries, RowIdSet } from '@lance-offload/lancedb';
import { stagePage, type PageDeps } from './stage-page.ts';

/** Ids that are read from the plan's list at once. */
const IDS_PER_READ = 100_000;

/** The rows of a plan that has listed them. */
async function readListed(plan: RunPlan, { staging }: PageDeps): Promise<RowIdSet> {
  const ids = new RowIdSet();
  const end = plan.offset + plan.sourceRows;
  for (let offset = plan.offset; offset < end; offset += IDS_PER_READ) {
    const limit = Math.min(IDS_PER_READ, end - offset);
    ids.add(await readRowIds(staging, plan, { offset, limit }));
  }
  return ids;
}

/** Lists the rows that the pages of a kind must have. Those that are staged are known, and are not asked for. */
async function listAll(
  plan: RunPlan,
  kind: PageKind,
  known: RowIdSet,
  deps: PageDeps,
  signal: AbortSignal,
): Promise<RowIdSet> {
  if (kind === 'rows' && plan.paging === 'row-ids') return readListed(plan, deps);
  const { source, staging } = deps;
  const { filter } = pageScanOf(plan, { scan: kind });
  const [rows, skipped] = kind === 'rows' ? [plan.sourceRows, plan.offset] : [plan.sweepRows, 0];
  const listing = { table: plan.table, version: plan.sourceVersion, filter, expected: rows + skipped };
  const progress = listingProgress(staging, plan, kind, listing);
  const all = await listRowIds(listing, source, { known, progress, signal });
  all.removeLeast(skipped);
  return all;
}

/** Receipts of repairs, which lie behind the planned pages, and the first index that is free. */
async function readRepairs(
  plan: RunPlan,
  staging: Staging,
): Promise<{ readonly receipts: Receipt[]; readonly next: number }> {
  const planned = pageCount(plan);
  const indexes = (await staging.listReceipts(plan)).filter((index) => index >= planned);
  const receipts = await Promise.all(indexes.map((index) => staging.readReceipt(plan, index)));
  return {
    receipts: receipts.filter((receipt) => receipt !== undefined),
    next: Math.max(planned, (indexes.at(-1) ?? -1) + 1),
  };
}

/**
 * Repairs a run whose pages lack rows: lists the ids of all rows of the pinned version, unless the plan has done so, takes
 * those away that are staged, and stages the rest by their ids, behind the planned pages. Killed anywhere and run again, it goes on with what is
 * listed and staged. Another attempt may take the same pages at the same time: of each page one copy counts, and what it
 * does not hold is staged behind it.
 */
export function createRepair(deps: PageDeps, signal: AbortSignal): Repair {
  // A repair has nothing but its own attempts: a request that fails is sent again here.
  const patient = { ...deps, source: retryingQueries(deps.source, 'first query') };
  return async (plan, kind, staged) => {
    const missing = await listAll(plan, kind, staged, patient, signal);
    try {
      missing.remove(staged);
      let { next } = await readRepairs(plan, deps.staging);
      for (let before = Number.POSITIVE_INFINITY; missing.size > 0 && missing.size < before;) {
        before = missing.size;
        for (const ids of missing.slices(plan.rowsPerPage)) {
          const page = { index: next++, offset: 0, limit: ids.length, scan: kind, repair: true };
          await stagePage(plan, page, patient, signal, ids);
        }
        const repairs = await readRepairs(plan, deps.staging);
        const repaired = await stagedRowIds(plan, kind, repairs.receipts, deps.staging);
        missing.remove(repaired);
        repaired.dispose();
        ({ next } = repairs);
      }
    } finally {
      missing.dispose();
    }
  };
}

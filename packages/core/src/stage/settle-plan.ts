import type { RunPlan } from '../plan/run-plan.ts';
import type { Receipt } from './receipt.ts';

/**
 * A plan whose number of rows is certain. That of a scan was counted and is left as it is; a search is planned as up to
 * so many rows, and its answer is what the run has to hold: with no second answer to compare it with, the audit proves the
 * files against that.
 *
 * @param plan as it was made.
 * @param answered rows that the receipts name.
 */
export function settlePlan(plan: RunPlan, answered: number): RunPlan {
  if (!plan.search) return plan;
  const { k } = plan.search;
  const fewer = `the search was answered with ${answered} of up to ${k} rows; a filter, bounds, an index that is probed in part, fast_search, or a limit of the server leave rows out, and so does a smaller table`;
  return { ...plan, sourceRows: answered, notes: [...plan.notes, ...(answered < k ? [fewer] : [])] };
}

/** Rows that receipts name. */
export function rowsOf(receipts: readonly Receipt[]): number {
  return receipts.reduce((sum, { rows }) => sum + rows, 0);
}

/** Of a page that is cut by ids, the part that may be left to the commit's repair. */
const REPAIRED_SHARE = 0.01;

/**
 * Rows a page may lack when it is staged: of one that is cut by ids a few, where the server leaves rows out. The ids of all
 * are in the lake, so the commit knows which, and fetches those of all pages together: asked for page by page they would
 * take as many requests again.
 */
export function mostLacking(
  { paging }: Pick<RunPlan, 'paging'>,
  { scan, limit, repair }: Receipt['page'],
): number {
  return paging === 'row-ids' && scan === 'rows' && !repair ? Math.floor(limit * REPAIRED_SHARE) : 0;
}

/** Whether so many rows are a page of this plan: all a scan's page must have, or no more than a search asked for. */
export function isWholePage(plan: RunPlan, page: Receipt['page'], rows: number): boolean {
  return plan.search ? rows <= page.limit : rows >= page.limit - mostLacking(plan, page);
}

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

/** Whether so many rows are a page of this plan: all a scan's page has, or no more than a search asked for. */
export function isWholePage(plan: RunPlan, { limit }: Receipt['page'], rows: number): boolean {
  return plan.search ? rows <= limit : rows >= limit;
}

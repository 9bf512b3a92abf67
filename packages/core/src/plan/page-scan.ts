import type { PagedScan } from '@lance-offload/lancedb';
import type { Page } from './page.ts';
import type { TransformTask } from '../stage/transform-page.ts';
import { orderedColumns } from './inexact-keys.ts';
import {
  columnsNamed,
  queryFilterOf,
  SWEEP_ROWS_PER_PAGE,
  versionSequence,
  type RunPlan,
} from './run-plan.ts';

/** What a page's queries ask for: rows of the selection, or keys of the whole table. */
export function pageScanOf(plan: RunPlan, page: Pick<Page, 'scan'>): PagedScan {
  const shared = {
    table: plan.table,
    version: plan.sourceVersion,
    rowsPerPage: plan.rowsPerPage,
    pageBytes: plan.pageBytes,
  };
  if (page.scan === 'keys') {
    return {
      ...shared,
      id: `${plan.runId} keys`,
      rowsPerPage: SWEEP_ROWS_PER_PAGE,
      columns: plan.primaryKeys,
    };
  }
  const columns = plan.selectsColumns ? plan.columns.map(({ name }) => name) : undefined;
  return { ...shared, id: plan.runId, columns, filter: queryFilterOf(plan), search: plan.search };
}

/** What becomes of a page's answers, but for the answers themselves. */
export function transformOf(plan: RunPlan, page: Pick<Page, 'scan'>): Omit<TransformTask, 'bodies'> {
  const shared = { runId: plan.runId, offloadedAtMs: plan.startedAtMs };
  if (page.scan === 'keys')
    return { ...shared, columns: columnsNamed(plan, plan.primaryKeys), exact: plan.primaryKeys };
  const rows = {
    ...shared,
    columns: plan.columns,
    writeTypes: plan.writeTypes,
    exact: orderedColumns(plan),
    hasDistance: plan.search !== undefined,
  };
  if (plan.ingestionType !== 'SCD_TYPE_2') return rows;
  const startAt = plan.sequenceBy === null ? { version: versionSequence(plan) } : { column: plan.sequenceBy };
  return { ...rows, startAt };
}

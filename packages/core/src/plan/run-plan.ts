import { z } from 'zod';
import type { Page } from '../jobs/payloads.ts';
import { lanceFieldSchema } from '../lancedb/lance-type.ts';

/** Version of plan.json, receipts and reports. A file of a later version is refused, not misread. */
export const FORMAT_VERSION = 1;

const droppedColumn = z.object({ name: z.string(), reason: z.string() });

/** plan.json: everything a worker needs to know of a run, decided once. */
export const runPlanSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  createdBy: z.string(),
  runId: z.string(),
  table: z.string(),
  destination: z.string(),
  /** Where the source is, without credentials. */
  source: z.string(),
  startedAtMs: z.int(),
  ingestionType: z.enum(['APPEND_ONLY']),
  sourceVersion: z.int().nonnegative(),
  /** Rows of that version that match the filter, after the offset: what the lake must hold of this run. */
  sourceRows: z.int().nonnegative(),
  filter: z.string().optional(),
  /** Rows at the start of the scan that are left out. */
  offset: z.int().nonnegative(),
  /** The columns that are offloaded, in the source's order and with its types. */
  columns: z.array(lanceFieldSchema),
  /** Whether `columns` are fewer than the source's, and must be named in each query. */
  selectsColumns: z.boolean(),
  droppedColumns: z.array(droppedColumn),
  withRowId: z.boolean(),
  rowsPerPage: z.int().positive(),
  /** A larger Arrow answer is split. */
  pageBytes: z.int().positive(),
  /** Estimate of the Arrow bytes of the whole run. */
  estimatedBytes: z.int().nonnegative(),
  /** What the lake cannot keep exactly, and other things worth saying. */
  notes: z.array(z.string()),
});
export type RunPlan = z.output<typeof runPlanSchema>;

export function pageCount(plan: Pick<RunPlan, 'sourceRows' | 'rowsPerPage'>): number {
  return Math.ceil(plan.sourceRows / plan.rowsPerPage);
}

/** The pages of a plan. Offsets are those of the query, so the plan's own offset is in them. */
export function* planPages(plan: Pick<RunPlan, 'sourceRows' | 'rowsPerPage' | 'offset'>): Generator<Page> {
  const pages = pageCount(plan);
  for (let index = 0; index < pages; index++) {
    const start = index * plan.rowsPerPage;
    yield { index, offset: plan.offset + start, limit: Math.min(plan.rowsPerPage, plan.sourceRows - start) };
  }
}

/** The selection a plan makes, as text: two runs of one version and selection would hold the same rows. */
export function selectionOf(
  plan: Pick<RunPlan, 'columns' | 'filter' | 'offset' | 'withRowId' | 'source' | 'table'>,
): string {
  const { source, table, filter, offset, withRowId } = plan;
  return JSON.stringify({
    source,
    table,
    filter: filter ?? null,
    offset,
    withRowId,
    columns: plan.columns.map(({ name }) => name),
  });
}

import { z } from 'zod';
import { MAX_BATCH_SIZE } from '@lance-offload/base';
import { lanceFieldSchema, searchSchema, type LanceField } from '@lance-offload/lancedb';
import { writeTypeSchema, READABLE_FORMATS } from '@lance-offload/delta';
import type { Page } from './page.ts';
import { cursorWindowSql } from './cursor-value.ts';
import { changedSinceSql } from './row-versions.ts';
import { tableIdentitySchema } from './table-identity.ts';

const droppedColumn = z.object({ name: z.string(), reason: z.string() });

/** The commit an unchanged run stands on, and what its report says. */
const standsOnSchema = z.object({
  /** Absent where no run of ours is to be found. */
  runId: z.string().optional(),
  deltaVersion: z.int().nullable(),
  /** The version in which another writer has changed rows since. */
  changedIn: z.int().optional(),
  /** Of that run's report; absent where it is gone, or holds no more, so that nothing is proved. */
  proved: z.object({ lakeRows: z.int(), verified: z.boolean(), cursor: z.string().optional() }).optional(),
});
export type StandsOn = z.output<typeof standsOnSchema>;

/** plan.json: everything a worker needs to know of a run, decided once. */
export const runPlanSchema = z.object({
  formatVersion: z.literal(READABLE_FORMATS),
  createdBy: z.string(),
  runId: z.string(),
  table: z.string(),
  destination: z.string(),
  /** Where the source is, without credentials. */
  source: z.string(),
  startedAtMs: z.int(),
  ingestionType: z.enum(['APPEND_ONLY', 'SCD_TYPE_1', 'SCD_TYPE_2']),
  /** Columns that name a row from version to version; none under APPEND_ONLY. */
  primaryKeys: z.array(z.string()).default([]),
  /** The column that orders the versions of a key; `null`: the source version does. */
  sequenceBy: z.string().nullable().default(null),
  /** Whether a row without a sequence fails the run. Where the cursor stands in for the sequence, it sorts lowest. */
  sequenceRequired: z.boolean().default(false),
  cursorField: z.string().optional(),
  /** The cursor of the last commit, for an incremental run: it reads from there on. Absent: everything is read. */
  cursorFrom: z.string().optional(),
  /** How changed rows are told without a cursor: by the versions the source keeps of its rows. */
  changeTracking: z.literal('row_version').optional(),
  /** What tells the table that is read from another one of its name. */
  identity: tableIdentitySchema.optional(),
  /** How often the lake has seen the table made anew, this run included: a later one's rows go before. */
  incarnation: z.int().nonnegative().default(0),
  /** The table was dropped and made anew since the last commit: nothing the lake holds is of the table that is read. */
  madeAnew: z.boolean().default(false),
  /** Added to the source version where that is the sequence: versions of a table made anew come after those the lake has. */
  versionOffset: z.int().nonnegative().default(0),
  /** The source version of the last commit, for an incremental run by row versions: it reads what changed after it. */
  changedSince: z.int().nonnegative().optional(),
  /** How keys that are gone are found: in a complete snapshot, by a sweep over the keys, or not at all. */
  deletes: z.enum(['none', 'snapshot', 'sweep']).default('none'),
  sourceVersion: z.int().nonnegative(),
  /** The lake holds just this already: the run reads nothing and has no pages. `standsOn` says which commit that is. */
  unchanged: z.boolean().default(false),
  standsOn: standsOnSchema.optional(),
  /**
   * Rows of that version that match filter and cursor window, after the offset: what the pages must hold. Of a search,
   * the most its answer can have; of an unchanged run, what the filter selects.
   */
  sourceRows: z.int().nonnegative(),
  filter: z.string().optional(),
  /** Reads the rows nearest to a vector, in one page, in place of all. */
  search: searchSchema.optional(),
  /** Rows at the start of the scan that are left out. */
  offset: z.int().nonnegative(),
  /** The columns that are offloaded, in the source's order and with its types. */
  columns: z.array(lanceFieldSchema),
  /** Whether `columns` are fewer than the source's, and must be named in each query. */
  selectsColumns: z.boolean(),
  droppedColumns: z.array(droppedColumn),
  /** Columns the lake has wider than the source: their values are written in the lake's type. */
  writeTypes: z.array(writeTypeSchema).default([]),
  withRowId: z.boolean(),
  rowsPerPage: z.int().positive(),
  /**
   * How the pages of rows are cut: by offset, or by the ids of their rows, listed in a file beside the plan. An offset
   * behind a filter costs a scan up to there, and means nothing where the server has no fixed order.
   */
  paging: z.enum(['offset', 'row-ids']).default('offset'),
  /** The file of row ids that pages are ranges of, beside the plan. */
  rowIdFile: z.string().optional(),
  /** Rows whose keys a sweep reads, in pages of their own behind the others. */
  sweepRows: z.int().nonnegative().default(0),
  /** A larger Arrow answer is split. */
  pageBytes: z.int().positive(),
  /** Estimate of the Arrow bytes of the whole run. */
  estimatedBytes: z.int().nonnegative(),
  /** What the lake cannot keep exactly, and other things worth saying. */
  notes: z.array(z.string()),
});
export type RunPlan = z.output<typeof runPlanSchema>;

type PagedPlan = Pick<RunPlan, 'sourceRows' | 'rowsPerPage' | 'offset' | 'sweepRows'> &
  Partial<Pick<RunPlan, 'unchanged'>>;

/** Rows per page of a key sweep: keys are narrow, and the API allows no more. */
export const SWEEP_ROWS_PER_PAGE = MAX_BATCH_SIZE;

export function pageCount(plan: Omit<PagedPlan, 'offset'>): number {
  const { unchanged, sourceRows, rowsPerPage, sweepRows } = plan;
  if (unchanged) return 0;
  return Math.ceil(sourceRows / rowsPerPage) + Math.ceil(sweepRows / SWEEP_ROWS_PER_PAGE);
}

/**
 * The pages of a plan: those of rows, then those of keys. Offsets are those of the query, so the plan's own offset is
 * in them.
 */
export function* planPages(plan: PagedPlan): Generator<Page> {
  if (plan.unchanged) return;
  const kinds = [
    { scan: 'rows', from: plan.offset, rows: plan.sourceRows, perPage: plan.rowsPerPage },
    { scan: 'keys', from: 0, rows: plan.sweepRows, perPage: SWEEP_ROWS_PER_PAGE },
  ] as const;
  let index = 0;
  for (const { scan, from, rows, perPage } of kinds) {
    for (let start = 0; start < rows; start += perPage, index += 1) {
      yield { index, offset: from + start, limit: Math.min(perPage, rows - start), scan, repair: false };
    }
  }
}

/** Columns of a plan by their names. */
export function columnsNamed(plan: Pick<RunPlan, 'columns'>, names: readonly string[]): LanceField[] {
  return names.flatMap((name) => plan.columns.find((column) => column.name === name) ?? []);
}

/** What dates the rows of a run whose sequence is the source version. */
export function versionSequence({
  sourceVersion,
  versionOffset,
}: Pick<RunPlan, 'sourceVersion' | 'versionOffset'>): number {
  return sourceVersion + versionOffset;
}

type Windowed = Pick<RunPlan, 'columns' | 'cursorField' | 'cursorFrom' | 'changedSince'>;

/** What an incremental run reads of the table; `undefined` where a run reads everything. */
function windowSql(plan: Windowed): string | undefined {
  const { cursorField, cursorFrom, changedSince } = plan;
  if (changedSince !== undefined) return changedSinceSql(changedSince);
  if (cursorField === undefined || cursorFrom === undefined) return undefined;
  const [field] = columnsNamed(plan, [cursorField]);
  return field && cursorWindowSql(field, cursorFrom);
}

/**
 * The filter of a plan's queries: the table's own, and the window of an incremental run. The line break keeps a comment
 * at the end of the one from hiding the other.
 */
export function queryFilterOf(plan: Windowed & Pick<RunPlan, 'filter'>): string | undefined {
  const { filter } = plan;
  const window = windowSql(plan);
  if (window === undefined) return filter;
  return filter === undefined ? window : `(${filter}\n) AND ${window}`;
}

/** The selection a plan makes, as text: two runs of one version and selection would hold the same rows. */
export function selectionOf(
  plan: Pick<RunPlan, 'columns' | 'filter' | 'search' | 'offset' | 'withRowId' | 'source' | 'table'>,
): string {
  const { source, table, filter, search, offset, withRowId } = plan;
  return JSON.stringify({
    source,
    table,
    filter: filter ?? null,
    ...(search && { search }),
    offset,
    withRowId,
    columns: plan.columns.map(({ name }) => name),
  });
}

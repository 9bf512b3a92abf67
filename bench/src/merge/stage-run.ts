import {
  dataFilePath,
  FORMAT_VERSION,
  planPages,
  transformOf,
  transformPage,
  type Page,
  type RunPlan,
  type Staging,
} from './core.ts';
import { documentColumns, documentsBody, type Documents } from './documents.ts';

const TABLE = 'documents';
/** The most a page may have; at 1,536 dimensions it still is below the default `page_bytes`. */
const ROWS_PER_PAGE = 10_000;
const PAGE_BYTES = 64 * 2 ** 20;

/** A lake table to merge into. */
export interface LakeSize {
  readonly rows: number;
  readonly dimensions: number;
  readonly ingestionType: 'SCD_TYPE_1' | 'SCD_TYPE_2';
}

function planOf({ dimensions, ingestionType }: LakeSize, sourceRows: number, version: number): RunPlan {
  return {
    formatVersion: FORMAT_VERSION,
    createdBy: 'lance-offload bench',
    runId: `${TABLE}-20261122T10${version}500Z-7f3a`,
    table: TABLE,
    destination: TABLE,
    source: 'http://127.0.0.1:1',
    startedAtMs: Date.UTC(2026, 10, 22, 10, version),
    ingestionType,
    primaryKeys: ['id'],
    sequenceBy: 'updated_at',
    sequenceRequired: false,
    cursorField: 'updated_at',
    deletes: 'none',
    sweepRows: 0,
    paging: 'offset',
    incarnation: 0,
    madeAnew: false,
    versionOffset: 0,
    unchanged: false,
    sourceVersion: version,
    sourceRows,
    offset: 0,
    columns: documentColumns(dimensions),
    selectsColumns: false,
    droppedColumns: [],
    writeTypes: [],
    withRowId: false,
    rowsPerPage: ROWS_PER_PAGE,
    pageBytes: PAGE_BYTES,
    estimatedBytes: sourceRows * dimensions * 4,
    notes: [],
  };
}

/** The run that fills the table. */
export function planFilling(size: LakeSize): RunPlan {
  return planOf(size, size.rows, 10);
}

/** The incremental run that brings the changed rows, from the cursor of the run that filled the table. */
export function planChanging(size: LakeSize, changed: number, cursorFrom: string): RunPlan {
  return { ...planOf(size, changed, 20), cursorFrom };
}

/** Rows of a page, all new to the table. */
export function filling({ dimensions }: LakeSize): (page: Page) => Documents {
  return ({ offset, limit }) => ({
    dimensions,
    ids: Array.from({ length: limit }, (_, row) => offset + row),
    revision: 0,
    firstRowId: offset,
  });
}

/** Rows of a page of changed ones, whose keys are spread evenly over the table and so over all its files. */
export function changing({ rows, dimensions }: LakeSize, changed: number): (page: Page) => Documents {
  return ({ offset, limit }) => ({
    dimensions,
    ids: Array.from({ length: limit }, (_, row) => Math.floor(((offset + row) * rows) / changed)),
    revision: 1,
    firstRowId: rows + offset,
  });
}

/** Stages a page as a worker does: transform → Parquet file → receipt. */
async function stagePage(plan: RunPlan, page: Page, documents: Documents, staging: Staging): Promise<void> {
  const bodies = [documentsBody(documents)];
  const made = transformPage({ ...transformOf(plan, page), bodies });
  const path = dataFilePath(plan.runId, page.index, 0, 'bench');
  const size = made.parquet.byteLength;
  await staging.writeData(plan.destination, path, made.parquet);
  made.parquet.buffer.transfer(0); // frees it now, not at some later garbage collection
  const { rows, sourceBytes, checksum, rowHashSum, stats, rowIds } = made;
  await staging.claimReceipt(plan.destination, {
    formatVersion: FORMAT_VERSION,
    runId: plan.runId,
    page,
    sourceVersion: plan.sourceVersion,
    rows,
    sourceBytes,
    requests: 1,
    rowIds: { min: String(rowIds[0]), max: String(rowIds.at(-1)), distinct: rows },
    files: [{ path, size, rows, checksum, rowHashSum, stats }],
    stagedAtMs: plan.startedAtMs,
    worker: 'bench',
    timings: { fetchMs: 0, transformMs: 0, writeMs: 0 },
  });
}

/** Plan, pages and receipts of a run, ready for its commit. */
export async function stageRun(
  plan: RunPlan,
  rowsOf: (page: Page) => Documents,
  staging: Staging,
): Promise<void> {
  for (const page of planPages(plan)) await stagePage(plan, page, rowsOf(page), staging);
  await staging.createPlan(plan);
}

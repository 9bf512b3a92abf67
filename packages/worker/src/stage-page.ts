import {
  dataFilePath,
  fetchPage,
  FORMAT_VERSION,
  keysFilePath,
  OffloadError,
  pageScanOf,
  transformOf,
  type FetchedPart,
  type LanceClient,
  type Page,
  type Receipt,
  type RequestSizes,
  type RunPlan,
  type StagedFile,
  type Staging,
  type TransformTask,
} from '@lance-offload/core';
import type { Transformed } from './transform-pool.ts';

/** Runs the page's CPU work off the event loop. */
export type Transform = (task: TransformTask, signal: AbortSignal) => Promise<Transformed>;

export interface PageDeps {
  readonly source: LanceClient;
  readonly staging: Staging;
  readonly transform: Transform;
  readonly sizes: RequestSizes;
  /** Names this worker in receipts. */
  readonly worker: string;
}

interface StagedParts {
  readonly files: StagedFile[];
  readonly rowIds: BigUint64Array[];
  requests: number;
  sourceBytes: number;
  fetchMs: number;
  transformMs: number;
  writeMs: number;
}

/** Row ids of a page, which must be distinct: a row twice in one answer is the source's fault. */
function rowIdFacts(plan: RunPlan, page: Page, parts: readonly BigUint64Array[]): Receipt['rowIds'] {
  const ids = new BigUint64Array(parts.reduce((rows, part) => rows + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    ids.set(part, filled);
    filled += part.length;
  }
  ids.sort();
  const repeated = ids.findIndex((id, index) => index > 0 && id === ids[index - 1]);
  if (repeated > 0) {
    throw new OffloadError(
      'SOURCE_BAD_BODY',
      `Table "${plan.table}", page ${page.index}: the server sent row id ${ids[repeated]} twice`,
      {
        table: plan.table,
        runId: plan.runId,
        page: page.index,
      },
    );
  }
  return { min: String(ids[0] ?? 0), max: String(ids.at(-1) ?? 0), distinct: ids.length };
}

async function stagePart(
  part: FetchedPart,
  plan: RunPlan,
  page: Page,
  staged: StagedParts,
  deps: PageDeps,
  signal: AbortSignal,
): Promise<void> {
  staged.requests += part.requests;
  if (part.rows === 0) return; // the answer to a search that finds nothing
  const started = performance.now();
  const { made, bodies } = await deps.transform({ ...transformOf(plan, page), bodies: part.bodies }, signal);
  for (const buffer of bodies) if (buffer instanceof ArrayBuffer) deps.source.recycle(buffer);
  if (made.rows !== part.rows) {
    throw new OffloadError(
      'SOURCE_BAD_BODY',
      `Table "${plan.table}", page ${page.index}: an answer announces ${part.rows} rows and holds ${made.rows}`,
      { table: plan.table, page: page.index },
    );
  }
  const transformed = performance.now();
  const pathOf = page.scan === 'keys' ? keysFilePath : dataFilePath;
  const path = pathOf(plan.runId, page.index, staged.files.length);
  const size = made.parquet.byteLength;
  await deps.staging.writeData(plan.destination, path, made.parquet);
  made.parquet.buffer.transfer(0); // frees 30 MB now, not at some later garbage collection
  staged.files.push({
    path,
    size,
    rows: made.rows,
    checksum: made.checksum,
    rowHashSum: made.rowHashSum,
    stats: made.stats,
  });
  staged.rowIds.push(made.rowIds);
  staged.sourceBytes += made.sourceBytes;
  staged.transformMs += transformed - started;
  staged.writeMs += performance.now() - transformed;
}

/**
 * Stages one page: fetch → transform → Parquet file → receipt. A page that has its receipt is done; killed before
 * that, it leaves at most files nothing refers to, which the next attempt writes anew.
 *
 * @throws OffloadError of the source's codes, `SCHEMA_MISMATCH`, `TYPE_UNSUPPORTED` or `LAKE_UNAVAILABLE`.
 */
export async function stagePage(
  plan: RunPlan,
  page: Page,
  deps: PageDeps,
  signal: AbortSignal,
): Promise<Receipt> {
  const done = await deps.staging.findReceipt(plan, page);
  if (done) return done;

  const started = performance.now();
  const staged: StagedParts = {
    files: [],
    rowIds: [],
    requests: 0,
    sourceBytes: 0,
    fetchMs: 0,
    transformMs: 0,
    writeMs: 0,
  };
  for await (const part of fetchPage(pageScanOf(plan, page), page, deps.source, deps.sizes, signal)) {
    await stagePart(part, plan, page, staged, deps, signal);
  }
  staged.fetchMs = performance.now() - started - staged.transformMs - staged.writeMs;
  const receipt: Receipt = {
    formatVersion: FORMAT_VERSION,
    runId: plan.runId,
    page,
    sourceVersion: plan.sourceVersion,
    rows: staged.files.reduce((rows, file) => rows + file.rows, 0),
    sourceBytes: staged.sourceBytes,
    requests: staged.requests,
    rowIds: rowIdFacts(plan, page, staged.rowIds),
    files: staged.files,
    stagedAtMs: Date.now(),
    worker: deps.worker,
    timings: { fetchMs: staged.fetchMs, transformMs: staged.transformMs, writeMs: staged.writeMs },
  };
  await deps.staging.writeReceipt(plan.destination, receipt);
  return receipt;
}

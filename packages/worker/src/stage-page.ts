import {
  dataFilePath,
  keysFilePath,
  mostLacking,
  newAttemptId,
  pageScanOf,
  readRowIds,
  transformOf,
  type Page,
  type Receipt,
  type RunPlan,
  type StagedFile,
  type Staging,
  type TransformTask,
} from '@lance-offload/core';
import { FORMAT_VERSION } from '@lance-offload/delta';
import {
  fetchPage,
  fetchRows,
  retryingQueries,
  type FetchedPart,
  type LanceClient,
  type RequestSizes,
} from '@lance-offload/lancedb';
import { OffloadError, type Tracing } from '@lance-offload/base';
import type { Transformed } from './transform-pool.ts';

/** Runs the page's CPU work off the event loop. */
export type Transform = (task: TransformTask, signal: AbortSignal) => Promise<Transformed>;

export interface PageDeps {
  readonly source: LanceClient;
  readonly staging: Staging;
  readonly transform: Transform;
  readonly sizes: RequestSizes;
  readonly tracing: Tracing;
  /** Names this worker in receipts. */
  readonly worker: string;
}

interface StagedParts {
  /** Part of the names of its files, so that no other attempt writes to them. */
  readonly attempt: string;
  readonly files: StagedFile[];
  readonly rowIds: BigUint64Array[];
  requests: number;
  sourceBytes: number;
  fetchMs: number;
  transformMs: number;
  writeMs: number;
}

/** What of a page's row ids the receipt keeps. A server may send a row twice: the commit takes it once. */
function rowIdFacts(parts: readonly BigUint64Array[]): { rows: number; facts: Receipt['rowIds'] } {
  const ids = new BigUint64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    ids.set(part, filled);
    filled += part.length;
  }
  ids.sort();
  let distinct = 0;
  for (let index = 0; index < ids.length; index++)
    if (index === 0 || ids[index] !== ids[index - 1]) distinct += 1;
  return { rows: ids.length, facts: { min: String(ids[0] ?? 0), max: String(ids.at(-1) ?? 0), distinct } };
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
  const task = { ...transformOf(plan, page), bodies: part.bodies };
  const { made, bodies } = await deps.tracing.inSpan('transform', { rows: part.rows }, () =>
    deps.transform(task, signal),
  );
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
  const path = pathOf(plan.runId, page.index, staged.files.length, staged.attempt);
  const size = made.parquet.byteLength;
  await deps.tracing.inSpan('write', { bytes: size }, () =>
    deps.staging.writeData(plan.destination, path, made.parquet),
  );
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

/** Passes over the ids of a page that may bring nothing new before it is given up. */
const IDLE_PASSES = 3;

/** Passes after which a few rows may be left to the repair. */
const PASSES_OF_A_PAGE = 2;

/**
 * Stages rows by their ids, pass after pass until each is there, but for the few that are left to the commit: a server may
 * leave some out.
 *
 * @throws OffloadError `SOURCE_SHORT` where several passes bring nothing new, `SOURCE_BAD_BODY` for a row nobody asked for.
 */
async function stageRows(
  ids: BigUint64Array,
  plan: RunPlan,
  page: Page,
  staged: StagedParts,
  deps: PageDeps,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Set(ids);
  const wanted = new Set(ids);
  const enough = (passes: number) => passes >= PASSES_OF_A_PAGE && missing.size <= mostLacking(plan, page);
  for (let [idle, passes] = [0, 0]; missing.size > 0 && !enough(passes); passes++) {
    const before = missing.size;
    const scan = pageScanOf(plan, page);
    for await (const part of fetchRows(scan, BigUint64Array.from(missing), deps.source, deps.sizes, signal)) {
      if (part.rows === 0) continue;
      await stagePart(part, plan, page, staged, deps, signal);
      for (const id of staged.rowIds.at(-1) ?? []) {
        if (!wanted.has(id))
          throw badRows(plan, page, 'SOURCE_BAD_BODY', `the server sent row ${id}, which was not asked for`);
        missing.delete(id);
      }
    }
    idle = missing.size === before ? idle + 1 : 0;
    if (idle === IDLE_PASSES)
      throw badRows(
        plan,
        page,
        'SOURCE_SHORT',
        `the server does not send ${missing.size} of the ${ids.length} rows it has named`,
      );
  }
}

function badRows(
  plan: RunPlan,
  page: Page,
  code: 'SOURCE_SHORT' | 'SOURCE_BAD_BODY',
  what: string,
): OffloadError {
  return new OffloadError(code, `Table "${plan.table}", page ${page.index}: ${what}`, {
    table: plan.table,
    runId: plan.runId,
    page: page.index,
  });
}

/** The ids of a page's rows, where its pages are cut by ids; `undefined` for a page that is an offset range. */
async function idsOf(plan: RunPlan, page: Page, staging: Staging): Promise<BigUint64Array | undefined> {
  if (page.scan !== 'rows' || plan.paging !== 'row-ids') return undefined;
  return readRowIds(staging, plan, page);
}

/**
 * Stages one page: fetch → transform → Parquet file → receipt. A page that has its receipt is done; killed before
 * that, it leaves at most files nothing refers to. The first receipt counts: overtaken by another worker, it ends with that
 * one's, and its own files are never referred to.
 *
 * @param ids of the rows to stage, for a page that is no range of the plan's.
 * @throws OffloadError of the source's codes, `SCHEMA_MISMATCH`, `TYPE_UNSUPPORTED` or `LAKE_UNAVAILABLE`.
 */
export async function stagePage(
  plan: RunPlan,
  page: Page,
  deps: PageDeps,
  signal: AbortSignal,
  ids?: BigUint64Array,
): Promise<Receipt> {
  const done = await deps.staging.findReceipt(plan, page);
  if (done) return done;
  // Before its first answer a page is the queue's to try again; from then on a failed request would cost what it has.
  const source = retryingQueries(deps.source, 'first answer');
  return stageAnew(plan, page, { ...deps, source }, signal, ids);
}

async function stageAnew(
  plan: RunPlan,
  page: Page,
  deps: PageDeps,
  signal: AbortSignal,
  ids: BigUint64Array | undefined,
): Promise<Receipt> {
  const started = performance.now();
  const staged: StagedParts = {
    attempt: newAttemptId(),
    files: [],
    rowIds: [],
    requests: 0,
    sourceBytes: 0,
    fetchMs: 0,
    transformMs: 0,
    writeMs: 0,
  };
  const byIds = ids ?? (await idsOf(plan, page, deps.staging));
  if (byIds) {
    await stageRows(byIds, plan, page, staged, deps, signal);
  } else {
    for await (const part of fetchPage(pageScanOf(plan, page), page, deps.source, deps.sizes, signal))
      await stagePart(part, plan, page, staged, deps, signal);
  }
  staged.fetchMs = performance.now() - started - staged.transformMs - staged.writeMs;
  const { rows, facts } = rowIdFacts(staged.rowIds);
  const receipt: Receipt = {
    formatVersion: FORMAT_VERSION,
    runId: plan.runId,
    page,
    sourceVersion: plan.sourceVersion,
    rows,
    sourceBytes: staged.sourceBytes,
    requests: staged.requests,
    rowIds: facts,
    files: staged.files,
    stagedAtMs: Date.now(),
    worker: deps.worker,
    attempt: staged.attempt,
    timings: { fetchMs: staged.fetchMs, transformMs: staged.transformMs, writeMs: staged.writeMs },
  };
  return deps.staging.claimReceipt(plan.destination, receipt);
}

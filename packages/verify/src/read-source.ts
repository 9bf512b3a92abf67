import { rm } from 'node:fs/promises';
import path from 'node:path';
import { OffloadError, type Attempts } from '@lance-offload/base';
import { planPages, type TransformTask } from '@lance-offload/core';
import {
  ROW_ID,
  fetchPage,
  scanQuery,
  maxAnswerBytes,
  RequestSizes,
  retryingQueries,
  countArrowRows,
  type LanceClient,
  type FetchedPart,
  type PagedScan,
  type ScanRange,
} from '@lance-offload/lancedb';
import { withAttempts } from './attempts.ts';
import type { Hasher } from './hasher.ts';

/** Pages under way at once: while one is hashed the next is fetched. Bounds the memory. */
const LANES = 2;

/** What is read of a source table, and where it goes. */
export interface SourceRead {
  readonly scan: PagedScan;
  /** Rows at the start of the scan that are left out. */
  readonly offset: number;
  /** What the pages become; of their columns only `written` are kept, with `_row_hash` and `_rowid`. */
  readonly transform: Pick<TransformTask, 'columns' | 'exact' | 'written' | 'writeTypes' | 'hashesBits'>;
  /** An empty folder for the Parquet files. */
  readonly folder: string;
}

export interface SourceDeps {
  readonly source: LanceClient;
  readonly hasher: Hasher;
  readonly attempts: Attempts;
  readonly signal: AbortSignal;
  /** Told after each page how many rows have been read. */
  readonly onRows: (rows: number, of: number) => void;
}

async function stagePart(
  part: FetchedPart,
  read: SourceRead,
  file: string,
  { source, hasher }: SourceDeps,
): Promise<void> {
  const { bodies } = part;
  const { rows, buffers } = await hasher.hash({
    ...read.transform,
    bodies,
    runId: '',
    offloadedAtMs: 0,
    to: file,
  });
  for (const buffer of buffers) source.recycle(buffer);
  if (rows === part.rows) return;
  const { table } = read.scan;
  const message = `Table "${table}": an answer announces ${part.rows} rows and holds ${rows}`;
  throw new OffloadError('SOURCE_BAD_BODY', message, { table });
}

/** One attempt at a page; what it leaves behind when it fails is removed. Returns the rows it has. */
async function stagePage(
  page: ScanRange,
  read: SourceRead,
  sizes: RequestSizes,
  deps: SourceDeps,
): Promise<number> {
  const files: string[] = [];
  let rows = 0;
  const source = retryingQueries(deps.source, 'first answer');
  try {
    for await (const part of fetchPage(read.scan, page, source, sizes, deps.signal)) {
      if (part.rows === 0) continue; // the answer to a search that finds nothing
      const file = path.join(read.folder, `${page.index}-${files.length}.parquet`);
      files.push(file);
      await stagePart(part, read, file, deps);
      rows += part.rows;
    }
    return rows;
  } catch (error) {
    await Promise.all(files.map((file) => rm(file, { force: true })));
    throw error;
  }
}

/** A server may count fewer rows than a scan of it has: then the count would prove nothing. */
async function refuseMore(
  { scan, offset }: SourceRead,
  rows: number,
  { source, attempts, signal }: SourceDeps,
): Promise<void> {
  const query = scanQuery({ ...scan, columns: [ROW_ID] }, { offset: offset + rows, limit: 1 });
  const limits = { maxBytes: maxAnswerBytes(scan, 1), signal };
  const body = await withAttempts(() => source.query(scan.table, query, limits), attempts, signal);
  const more = body ? countArrowRows(body) : 1; // nothing is not that large
  if (body) source.recycle(body.buffer);
  if (more === 0) return;
  const message = `Table "${scan.table}" has more rows at version ${scan.version} than the ${rows} its server counts`;
  throw new OffloadError('SOURCE_BAD_BODY', message, { table: scan.table });
}

/** Works through items in several lanes; the first failure ends them all. */
async function inLanes<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failed = false;
  const lane = async () => {
    for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Asks the search again: its answer is what there is, for a search cannot be counted. */
async function readNearest(read: SourceRead, limit: number, deps: SourceDeps): Promise<number> {
  const page = { index: 0, offset: read.offset, limit };
  const once = () => stagePage(page, read, new RequestSizes(), deps);
  const rows = await withAttempts(once, deps.attempts, deps.signal);
  deps.onRows(rows, rows);
  return rows;
}

/**
 * Reads the rows of a source table at one version into small Parquet files: the columns of `written`, `_row_hash` and
 * `_rowid`. Memory is a matter of the page, never of the table.
 *
 * @returns the rows it has read: as many as the source counts, or a search finds.
 * @throws OffloadError of the source's codes; `SOURCE_BAD_BODY` or `SOURCE_SHORT` where its count and its scan differ.
 */
export async function readSource(read: SourceRead, deps: SourceDeps): Promise<number> {
  const { scan, offset } = read;
  if (scan.search) return readNearest(read, scan.search.k, deps);
  const counted = await deps.source.countRows(scan.table, scan.version, scan.filter);
  const rows = Math.max(counted - offset, 0);
  const sizes = new RequestSizes();
  let done = 0;
  const pages = planPages({ sourceRows: rows, rowsPerPage: scan.rowsPerPage, offset, sweepRows: 0 });
  await inLanes(pages, async (page) => {
    deps.signal.throwIfAborted();
    await withAttempts(() => stagePage(page, read, sizes, deps), deps.attempts, deps.signal);
    done += page.limit;
    deps.onRows(done, rows);
  });
  await refuseMore(read, rows, deps);
  return rows;
}

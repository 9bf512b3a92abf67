import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base } from 'vitest';
import type { LanceField } from '@lance-offload/lancedb';
import { FORMAT_VERSION } from '@lance-offload/delta';
import { PAYLOAD_VERSION } from '../src/plan/plan-job.ts';
import type { Opening } from '../src/lake/opening.ts';
import { dataFilePath, keysFilePath, newAttemptId } from '../src/lake/paths.ts';
import type { Receipt } from '../src/stage/receipt.ts';
import { openLake, type Staging } from '../src/stage/staging.ts';
import { transformPage } from '../src/stage/transform-page.ts';
import { transformOf } from '../src/plan/page-scan.ts';
import { planPages, type RunPlan } from '../src/plan/run-plan.ts';
import { bodyOf, column, int64, rowIds, utf8, type Columns } from '../../lancedb/test/arrow-bodies.ts';

/** A test with a lake of its own. */
export const test = base.extend<{ staging: Staging }>({
  staging: async ({ task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), `core-lake-${task.id}-`));
    await use(openLake(path.join(folder, 'lake')));
    await rm(folder, { recursive: true });
  },
});

export const ID_AND_NAME: readonly LanceField[] = [column('id', 'int64'), column('name', 'string')];

export function planOf(changes: Partial<RunPlan> = {}): RunPlan {
  return {
    formatVersion: FORMAT_VERSION,
    createdBy: 'core-test/1.0.0',
    runId: 'documents-20261122T101500Z-7f3a',
    table: 'documents',
    destination: 'documents',
    source: 'http://127.0.0.1:1',
    startedAtMs: Date.UTC(2026, 10, 22, 10, 15),
    ingestionType: 'APPEND_ONLY',
    primaryKeys: [],
    sequenceBy: null,
    sequenceRequired: false,
    deletes: 'none',
    sweepRows: 0,
    paging: 'offset',
    incarnation: 0,
    madeAnew: false,
    versionOffset: 0,
    unchanged: false,
    sourceVersion: 3,
    sourceRows: 25,
    offset: 0,
    columns: [...ID_AND_NAME],
    selectsColumns: false,
    droppedColumns: [],
    writeTypes: [],
    withRowId: false,
    rowsPerPage: 10,
    pageBytes: 65_536,
    estimatedBytes: 2500,
    notes: [],
    ...changes,
  };
}

/** What opens a run of the table `documents`. */
export function openingOf(number: number): Opening {
  const runId = `documents-20261122T101500Z-${number.toString(16).padStart(4, '0')}`;
  const [destination, source] = ['documents', 'http://127.0.0.1:1'];
  const job = { payloadVersion: PAYLOAD_VERSION, runId, table: destination, destination, source } as const;
  return {
    formatVersion: FORMAT_VERSION,
    number,
    runId,
    job: { ...job, startedAtMs: 1, options: {}, full: false, sweepDeletes: false },
    fleet: 'one',
    attempt: `attempt-${number}`,
    openedAtMs: 1,
  };
}

/** The rows `offset` to `offset + count` of a table of ids and names. */
export function idsAndNames(offset: number, count: number): Columns {
  const ids = Array.from({ length: count }, (_, index) => offset + index);
  return {
    id: int64(ids.map(BigInt)),
    name: utf8(ids.map((id) => (id % 5 === 0 ? null : `name ${id}`))),
    _rowid: rowIds(offset, count),
  };
}

/** Stages a page as a worker does, and returns its receipt. */
export async function stagePage(
  plan: RunPlan,
  index: number,
  staging: Staging,
  rowsOf = idsAndNames,
): Promise<Receipt> {
  const page = [...planPages(plan)][index];
  if (!page) throw new Error(`the plan has no page ${index}`);
  const body = bodyOf([rowsOf(page.offset, page.limit)]);
  const made = transformPage({ ...transformOf(plan, page), bodies: [body] });
  const attempt = newAttemptId();
  const file = (page.scan === 'keys' ? keysFilePath : dataFilePath)(plan.runId, index, 0, attempt);
  await staging.writeData(plan.destination, file, made.parquet);
  const receipt: Receipt = {
    formatVersion: FORMAT_VERSION,
    runId: plan.runId,
    page,
    sourceVersion: plan.sourceVersion,
    rows: made.rows,
    sourceBytes: made.sourceBytes,
    requests: 1,
    rowIds: { min: String(made.rowIds[0]), max: String(made.rowIds.at(-1)), distinct: made.rows },
    files: [
      {
        path: file,
        size: made.parquet.byteLength,
        rows: made.rows,
        checksum: made.checksum,
        rowHashSum: made.rowHashSum,
        stats: made.stats,
      },
    ],
    stagedAtMs: plan.startedAtMs,
    worker: 'test',
    attempt,
    timings: { fetchMs: 1, transformMs: 1, writeMs: 1 },
  };
  return staging.claimReceipt(plan.destination, receipt);
}

/** Puts another receipt in the place of a page's: what nothing of ours does. */
export async function falsifyReceipt(staging: Staging, destination: string, receipt: Receipt): Promise<void> {
  const key = staging.keys.receipt(destination, receipt.runId, receipt.page.index);
  await staging.store.put(key, JSON.stringify(receipt));
}

/** Plan and all pages of a run, ready for its commit. */
export async function stageRun(plan: RunPlan, staging: Staging, rowsOf = idsAndNames): Promise<Receipt[]> {
  await staging.createPlan(plan);
  const receipts: Receipt[] = [];
  for (const { index } of planPages(plan)) receipts.push(await stagePage(plan, index, staging, rowsOf));
  return receipts;
}

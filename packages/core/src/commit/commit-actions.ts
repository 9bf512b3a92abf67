import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  FORMAT_VERSION,
  protocolFor,
  FORMAT_KEY,
  readEntries,
  readState,
  runOf,
  type DeltaStruct,
  type Action,
  type Add,
  type CommitInfo,
  type DeletionVector,
  type MetaData,
  type Protocol,
  type LogEntry,
  type LogState,
  type Snapshot,
  type Store,
} from '@lance-offload/delta';
import { isScd } from '@lance-offload/base';
import { lakeSchemaOf, mergeSchemas, schemaProperties } from '../plan/lake-schema.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import type { Merge } from '../merge/merge.ts';
import type { Receipt, StagedFile } from '../stage/receipt.ts';
import type { RowOutcomes } from './report.ts';
import { rowsOf, settlePlan } from '../stage/settle-plan.ts';
import { totalsOf, type StagedTotals } from './staged-totals.ts';
import type { Staging } from '../stage/staging.ts';
import { configurationAfter } from '../lake/table-state.ts';

/** Each run is a transaction of its own in the log: exact, whatever the clocks of the producers say. */
const transactionOf = (runId: string): string => `lance-offload/${runId}`;

/** The run that a transaction is; `undefined` for another writer's. */
export function runOfTransaction(appId: string): string | undefined {
  return /^lance-offload\/(.+)$/.exec(appId)?.[1];
}

/** Versions of such a transaction: they say how the run ended once its entry is gone. Releases up to 2026-11-29 wrote 1 for both. */
const PUBLISHED = 1;
const CANCELLED = 0;

/** What becomes of a data file: the rows it has lost altogether, or `all` where none is left. */
export type FileVector = DeletionVector | 'all';

/** A run that is merged, and the deletion vectors of the files it takes rows from, by path. */
export interface MergedRun {
  readonly plan: RunPlan;
  readonly receipts: readonly Receipt[];
  readonly totals: StagedTotals;
  readonly merge: Merge;
  readonly vectors: ReadonlyMap<string, FileVector>;
}

/** The columns of the lake table once a run is in it. */
export function schemaAfter(plan: RunPlan, snapshot: Snapshot | undefined): DeltaStruct {
  return mergeSchemas(plan.table, snapshot?.schema, lakeSchemaOf(plan));
}

function protocolActions(
  snapshot: Snapshot | undefined,
  schema: DeltaStruct,
  deletionVectors: boolean,
): { protocol: Protocol }[] {
  const wanted = protocolFor(schema, { before: snapshot?.protocol, deletionVectors });
  return isDeepStrictEqual(wanted, snapshot?.protocol) ? [] : [{ protocol: wanted }];
}

function metaDataFor(
  { plan, merge, receipts }: MergedRun,
  snapshot: Snapshot | undefined,
  schema: DeltaStruct,
  deletionVectors: boolean,
): MetaData {
  return {
    id: snapshot?.metaData.id ?? randomUUID(),
    name: snapshot?.metaData.name ?? plan.destination,
    ...(snapshot?.metaData.description !== undefined && { description: snapshot.metaData.description }),
    format: { provider: 'parquet', options: {} },
    schemaString: JSON.stringify(schema),
    partitionColumns: [],
    configuration: {
      ...configurationAfter(plan, snapshot?.metaData.configuration ?? {}, {
        cursor: merge.cursor,
        repaired: receipts.some(({ page }) => page.repair),
      }),
      ...schemaProperties(schema),
      ...(deletionVectors && { 'delta.enableDeletionVectors': 'true' }),
      [FORMAT_KEY]: String(FORMAT_VERSION),
    },
    createdTime: snapshot?.metaData.createdTime ?? plan.startedAtMs,
  };
}

const tightness = z.object({ numRecords: z.unknown(), tightBounds: z.boolean().optional() });

/**
 * Statistics of a file that has a deletion vector: its bounds may be wider than its rows (PROTOCOL.md, "Per-file Statistics"). Those
 * that do not say how wide they are, as other writers' do, pass for tight. The text is changed, not what it parses to: its
 * numbers may be greater than JavaScript's.
 */
function looseStats(stats: string | undefined): string | undefined {
  const known = stats === undefined ? undefined : tightness.safeParse(JSON.parse(stats)).data;
  if (!known || known.tightBounds === false) return stats;
  return known.tightBounds
    ? stats?.replace(/^(.*"tightBounds":\s*)true/s, '$1false')
    : stats?.replace(/\}\s*$/, ',"tightBounds":false}');
}

function addOf(
  file: Pick<StagedFile, 'path' | 'size' | 'stats'>,
  nowMs: number,
  vector: DeletionVector | undefined,
): Add {
  return {
    path: file.path,
    partitionValues: {},
    size: file.size,
    modificationTime: nowMs,
    dataChange: true,
    stats: vector ? looseStats(file.stats) : file.stats,
    deletionVector: vector,
  };
}

/** A lake file that loses rows: out of the table as it was, and, unless nothing is left, in again with its vector. */
function replaceFile(file: Add, vector: FileVector, nowMs: number): Partial<Action>[] {
  const { path, size, partitionValues, deletionVector } = file;
  const remove = {
    path,
    deletionTimestamp: nowMs,
    dataChange: true,
    extendedFileMetadata: true,
    partitionValues,
    size,
    deletionVector,
  };
  if (vector === 'all') return [{ remove }];
  return [
    { remove },
    { add: { ...file, dataChange: true, stats: looseStats(file.stats), deletionVector: vector } },
  ];
}

const METRICS = {
  inserted: 'numTargetRowsInserted',
  updated: 'numTargetRowsUpdated',
  deleted: 'numTargetRowsDeleted',
  unchanged: 'numSourceRowsUnchanged',
  late: 'numSourceRowsLate',
  superseded: 'numSourceRowsSuperseded',
  ties: 'numSourceRowsTied',
} as const satisfies Record<keyof RowOutcomes, string>;
const EXPECTED_ROWS = 'numExpectedRows';

const TOTALS = {
  sourceRows: 'numSourceRows',
  distinctRowIds: 'numSourceDistinctRowIds',
  pages: 'numPages',
  repairs: 'numRepairPages',
  requests: 'numRequests',
  sourceBytes: 'numSourceBytes',
  missing: 'numSourceRowsMissing',
  repeated: 'numSourceRowsRepeated',
} as const satisfies Record<keyof CommittedTotals, string>;

/** With as many rows of the source as there were, also where the plan could not know. */
type CommittedTotals = StagedTotals & { readonly sourceRows: number };

/** Of a commit that does not say what staging took, and whose receipts are gone. */
export const NO_TOTALS: CommittedTotals = {
  sourceRows: 0,
  distinctRowIds: 0,
  pages: 0,
  repairs: 0,
  requests: 0,
  sourceBytes: 0,
  missing: 0,
  repeated: 0,
};

function commitInfoOf({ plan, merge, totals }: MergedRun, added: readonly Add[], nowMs: number): CommitInfo {
  const scd = isScd(plan.ingestionType);
  const outcomes = Object.entries(METRICS).map(([outcome, metric]) => [
    metric,
    String(merge.outcomes[outcome as keyof RowOutcomes]),
  ]);
  return {
    timestamp: nowMs,
    operation: scd ? 'MERGE' : 'WRITE',
    operationParameters: {
      ...(!scd && { mode: 'Append' }),
      runId: plan.runId,
      ingestionType: plan.ingestionType,
      sourceVersion: plan.sourceVersion,
    },
    operationMetrics: {
      numFiles: String(added.length),
      numOutputRows: String(merge.outcomes.inserted + merge.outcomes.updated),
      numOutputBytes: String(added.reduce((total, file) => total + file.size, 0)),
      ...Object.fromEntries(outcomes),
      ...Object.fromEntries(
        Object.entries({ ...totals, sourceRows: plan.sourceRows }).map(([total, value]) => [
          TOTALS[total as keyof CommittedTotals],
          String(value),
        ]),
      ),
      [EXPECTED_ROWS]: String(merge.expectedRows),
    },
    isBlindAppend: !scd && plan.cursorFrom === undefined,
    engineInfo: plan.createdBy,
    txnId: plan.runId,
  };
}

/** What a commit of ours says it did: the outcomes of its rows, and how many rows must be there after it. */
export function outcomesOf(commitInfo: CommitInfo): { outcomes: RowOutcomes; expectedRows: number } {
  const metrics = z.record(z.string(), z.unknown()).catch({}).parse(commitInfo.operationMetrics);
  const metric = (name: string) => Number(metrics[name] ?? 0);
  return {
    outcomes: {
      inserted: Number(metrics[METRICS.inserted] ?? metrics['numOutputRows'] ?? 0), // format 1 had the latter only
      updated: metric(METRICS.updated),
      deleted: metric(METRICS.deleted),
      unchanged: metric(METRICS.unchanged),
      late: metric(METRICS.late),
      superseded: metric(METRICS.superseded),
      ties: metric(METRICS.ties),
    },
    expectedRows: Number(metrics[EXPECTED_ROWS] ?? metrics['numOutputRows'] ?? 0),
  };
}

/** What a commit of ours says staging took; of one that does not, what the receipts say that are still there. */
export async function totalsIn(
  commitInfo: CommitInfo,
  plan: RunPlan,
  staging: Staging,
): Promise<CommittedTotals> {
  const metrics = z.record(z.string(), z.unknown()).catch({}).parse(commitInfo.operationMetrics);
  if (metrics[TOTALS.sourceRows] !== undefined) {
    const total = (name: keyof CommittedTotals) => Number(metrics[TOTALS[name]] ?? 0);
    return {
      sourceRows: total('sourceRows'),
      distinctRowIds: total('distinctRowIds'),
      pages: total('pages'),
      repairs: total('repairs'),
      requests: total('requests'),
      sourceBytes: total('sourceBytes'),
      missing: total('missing'),
      repeated: total('repeated'),
    };
  }
  const receipts: Receipt[] = [];
  for (const index of await staging.listReceipts(plan)) {
    const receipt = await staging.readReceipt(plan, index);
    if (receipt) receipts.push(receipt);
  }
  const { sourceRows } = settlePlan(plan, rowsOf(receipts));
  // A commit of a release that wrote no totals was audited like any other: its rows were all there.
  return { ...totalsOf(receipts, { rows: sourceRows, distinctRowIds: sourceRows }), sourceRows };
}

/** The actions that publish a merged run on top of a snapshot. Pure. */
export function commitActions(
  run: MergedRun,
  snapshot: Snapshot | undefined,
  nowMs: number,
): Partial<Action>[] {
  const { plan, receipts, merge, vectors } = run;
  const schema = schemaAfter(plan, snapshot);
  const pages = receipts.filter(({ page }) => page.scan === 'rows').flatMap((receipt) => receipt.files);
  const added = [
    ...pages.flatMap((file) => {
      const vector = vectors.get(file.path);
      return vector === 'all' ? [] : [addOf(file, nowMs, vector)];
    }),
    ...merge.closed,
  ];
  const replaced = (snapshot?.files ?? []).flatMap((file) => {
    const vector = vectors.get(file.path);
    return vector === undefined ? [] : replaceFile(file, vector, nowMs);
  });
  const hasVectors = [...vectors.values()].some((vector) => vector !== 'all');
  return [
    { commitInfo: commitInfoOf(run, added, nowMs) },
    ...protocolActions(snapshot, schema, hasVectors),
    { metaData: metaDataFor(run, snapshot, schema, hasVectors) },
    { txn: { appId: transactionOf(plan.runId), version: PUBLISHED, lastUpdated: nowMs } },
    ...replaced,
    ...added.map((add) => ({ add })),
  ];
}

const FENCE = 'CANCEL RUN';

/** An entry that takes the place of a run's commit, and changes nothing. */
export function fenceActions(runId: string, nowMs: number): Partial<Action>[] {
  const commitInfo = {
    timestamp: nowMs,
    operation: FENCE,
    operationParameters: { runId },
    operationMetrics: {},
    isBlindAppend: true,
    txnId: runId,
  };
  return [{ commitInfo }, { txn: { appId: transactionOf(runId), version: CANCELLED, lastUpdated: nowMs } }];
}

const isFence = ({ actions }: LogEntry): boolean =>
  actions.some(({ commitInfo }) => commitInfo?.operation === FENCE);

/**
 * The last entry by which a run of ours came into a table, and that run: an entry that cancels one brings nothing. Nothing where that entry
 * is gone from the log.
 */
export async function lastCommitOf(
  table: Store,
  newest?: number,
): Promise<{ readonly runId: string; readonly entry: LogEntry } | undefined> {
  for await (const entry of readEntries(table, newest)) {
    const runId = entry.actions.flatMap(({ commitInfo }) => (commitInfo && runOf(commitInfo).runId) ?? [])[0];
    if (runId !== undefined && !isFence(entry)) return { runId, entry };
  }
  return undefined;
}

/** How a run ended in the log of its table. */
export interface RunEnd {
  /** The entry that ends it; `undefined` where that is gone, and a checkpoint has its transaction. */
  readonly entry: LogEntry | undefined;
  /** Whether it was kept from being published. */
  readonly cancelled: boolean;
}

/** Whether an entry ends a run, and whether by publishing it. */
export function entryOfRun(entry: LogEntry, runId: string): RunEnd | undefined {
  const ends = entry.actions.some(({ txn }) => txn?.appId === transactionOf(runId));
  return ends ? { entry, cancelled: isFence(entry) } : undefined;
}

/**
 * How a run ended up to a state of its table, by its transaction, which every checkpoint keeps; `undefined` where it has not.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function endInState(
  table: Store,
  state: LogState | undefined,
  runId: string,
): Promise<RunEnd | undefined> {
  const transaction = state?.transactions.get(transactionOf(runId));
  if (!state || !transaction) return undefined;
  for await (const entry of readEntries(table, state.version)) {
    const end = entryOfRun(entry, runId);
    if (end) return end;
  }
  return { entry: undefined, cancelled: transaction.version === CANCELLED };
}

/**
 * How a run has ended by now; `undefined` where it has not.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function endOfRun(table: Store, runId: string): Promise<RunEnd | undefined> {
  return endInState(table, (await readState(table))?.state, runId);
}

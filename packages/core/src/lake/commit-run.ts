import { randomUUID } from 'node:crypto';
import { OffloadError } from '../errors/offload-error.ts';
import type { DeltaStruct } from '../plan/lake-type.ts';
import { lakeSchemaOf, mergeSchemas } from '../plan/lake-schema.ts';
import { FORMAT_VERSION, type RunPlan } from '../plan/run-plan.ts';
import { auditRun, collectReceipts, type AuditResult } from './audit.ts';
import { protocolFor, type Action, type MetaData, type Protocol } from './delta-actions.ts';
import { appendEntry, FORMAT_KEY, readLog, replay, type LogEntry, type Snapshot } from './delta-log.ts';
import type { Receipt } from './receipt.ts';
import { emptyReport, type RunReport } from './report.ts';
import { countRunRows } from './run-rows.ts';
import type { RunKey, Staging } from './staging.ts';
import { stateAfter } from './table-state.ts';
import { refreshDatabase } from './views.ts';

const MAX_CONFLICTS = 20;

/** Each run is a transaction of its own in the log: exact, whatever the clocks of the producers say. */
const transactionOf = (runId: string): string => `lance-offload/${runId}`;

function protocolActions(snapshot: Snapshot | undefined, schema: DeltaStruct): { protocol: Protocol }[] {
  const wanted = protocolFor(schema, snapshot?.protocol);
  if (snapshot && snapshot.protocol.minWriterVersion >= wanted.minWriterVersion) return [];
  return [{ protocol: wanted }];
}

function metaDataFor(plan: RunPlan, snapshot: Snapshot | undefined, schema: DeltaStruct): MetaData {
  return {
    id: snapshot?.metaData.id ?? randomUUID(),
    name: plan.destination,
    format: { provider: 'parquet', options: {} },
    schemaString: JSON.stringify(schema),
    partitionColumns: [],
    configuration: {
      ...snapshot?.metaData.configuration,
      [FORMAT_KEY]: String(FORMAT_VERSION),
      ...stateAfter(plan),
    },
    createdTime: snapshot?.metaData.createdTime ?? plan.startedAtMs,
  };
}

/** The actions that publish a run on top of a snapshot. Pure. */
export function commitActions(
  plan: RunPlan,
  receipts: readonly Receipt[],
  snapshot: Snapshot | undefined,
  nowMs: number,
): Partial<Action>[] {
  const schema = mergeSchemas(plan.table, snapshot?.schema, lakeSchemaOf(plan));
  const files = receipts.flatMap((receipt) => receipt.files);
  const sum = (of: (receipt: Receipt) => number) =>
    receipts.reduce((total, receipt) => total + of(receipt), 0);
  return [
    {
      commitInfo: {
        timestamp: nowMs,
        operation: 'WRITE',
        operationParameters: {
          mode: 'Append',
          runId: plan.runId,
          ingestionType: plan.ingestionType,
          sourceVersion: plan.sourceVersion,
        },
        operationMetrics: {
          numFiles: String(files.length),
          numOutputRows: String(sum((receipt) => receipt.rows)),
          numOutputBytes: String(files.reduce((total, file) => total + file.size, 0)),
        },
        isBlindAppend: true,
        engineInfo: plan.createdBy,
        txnId: plan.runId,
      },
    },
    ...protocolActions(snapshot, schema),
    { metaData: metaDataFor(plan, snapshot, schema) },
    { txn: { appId: transactionOf(plan.runId), version: 1 } },
    ...files.map((file) => ({
      add: {
        path: file.path,
        partitionValues: {},
        size: file.size,
        modificationTime: nowMs,
        dataChange: true,
        stats: file.stats,
      },
    })),
  ];
}

/** The version of a table's log that holds a run, if it is published. */
export function publishedVersion(log: readonly LogEntry[], runId: string): number | undefined {
  return log.find(({ actions }) => actions.some(({ txn }) => txn?.appId === transactionOf(runId)))?.version;
}

/** Publishes a run, unless the log has it already. Returns the Delta version that holds it. */
async function publish(plan: RunPlan, receipts: readonly Receipt[], staging: Staging): Promise<number> {
  const folder = staging.paths.table(plan.destination);
  for (let conflict = 0; conflict < MAX_CONFLICTS; conflict++) {
    const log = await readLog(folder);
    const snapshot = replay(folder, log);
    const published = publishedVersion(log, plan.runId);
    if (published !== undefined) return published;
    const version = (snapshot?.version ?? -1) + 1;
    const actions = commitActions(plan, receipts, snapshot, Date.now());
    // The commit point. Before this line nothing of the run is visible; once the entry is there, all of it is.
    // What follows (views, report) can be done again at any time.
    if (await appendEntry(folder, version, actions)) return version;
  }
  throw new OffloadError(
    'LAKE_CONFLICT',
    `Run ${plan.runId}: version after version of table "${plan.destination}" was taken by another writer`,
    {
      table: plan.table,
      runId: plan.runId,
    },
  );
}

function publishedReport(
  plan: RunPlan,
  receipts: readonly Receipt[],
  audit: AuditResult,
  lake: { rows: number; version: number },
): RunReport {
  const files = receipts.flatMap((receipt) => receipt.files);
  return {
    ...emptyReport(plan, 'published'),
    lakeRows: lake.rows,
    verified: lake.rows === plan.sourceRows && audit.distinctRowIds === plan.sourceRows,
    distinctRowIds: audit.distinctRowIds,
    pages: receipts.length,
    requests: receipts.reduce((total, receipt) => total + receipt.requests, 0),
    sourceBytes: receipts.reduce((total, receipt) => total + receipt.sourceBytes, 0),
    lakeBytes: files.reduce((total, file) => total + file.size, 0),
    deltaVersion: lake.version,
  };
}

/**
 * Audits a staged run and publishes it: plan and receipts from the lake → audit → one Delta log entry → views → report.
 * Killed anywhere and run again, it ends in the same lake; a run that has its report is left as it is.
 *
 * @throws OffloadError `AUDIT_FAILED` where the pages are not exactly the source's rows, `SCHEMA_MISMATCH`,
 *   `LAKE_CONFLICT`, `LAKE_UNAVAILABLE`.
 */
export async function commitRun(key: RunKey, staging: Staging): Promise<RunReport> {
  const done = await staging.findReport(key);
  if (done) return done;
  const plan = await staging.readPlan(key);
  const receipts = await collectReceipts(plan, staging);
  const audit = await auditRun(plan, receipts, staging);
  const cancelled = await staging.findReport(key); // an audit takes time
  if (cancelled) return cancelled;
  const version = await publish(plan, receipts, staging);
  await refreshDatabase(staging);
  const rows = await countRunRows(plan, staging);
  const report = publishedReport(plan, receipts, audit, { rows, version });
  await staging.writeReport(report);
  return report;
}

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { OffloadError } from '../errors/offload-error.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import { assertAudited, auditRun, collectReceipts, stagedRowIds, type AuditResult } from './audit.ts';
import type { RowIdSet } from '../lancedb/row-id-set.ts';
import { commitActions, outcomesOf, publishedEntry, schemaAfter } from './commit-actions.ts';
import { appendEntry, readLog, replay, type LogEntry } from './delta-log.ts';
import { countLakeRows } from './lake-rows.ts';
import { mergeRun, tieNotes } from './merge/merge-run.ts';
import type { Receipt } from './receipt.ts';
import { emptyReport, unchangedReport, type RunReport } from './report.ts';
import { settlePlan } from './settle-plan.ts';
import type { RunKey, Staging } from './staging.ts';
import { tableState } from './table-state.ts';
import { refreshDatabase } from './views.ts';
import { writeVectors } from './write-vectors.ts';

const MAX_CONFLICTS = 20;

/** Steps of a commit, in their order. Each has been done when it is told. */
export type CommitStep = 'audited' | 'merged' | 'vectors written' | 'logged' | 'views refreshed' | 'reported';

/** Told of each step. What it throws ends the commit there. */
export type OnCommitStep = (step: CommitStep) => unknown;

/** Whether the staged pages hold some rows more than once: they hold all rows, so any beyond that are repeats. */
function hasRepeats(plan: RunPlan, receipts: readonly Receipt[]): boolean {
  const rows = receipts
    .filter(({ page }) => page.scan === 'rows')
    .reduce((sum, receipt) => sum + receipt.rows, 0);
  return rows > plan.sourceRows;
}

/**
 * Merges an audited run and publishes it, unless the log has it already.
 *
 * @returns the entry of the log that holds it.
 * @throws OffloadError `LAKE_CONFLICT` where other writers take version after version.
 */
export async function publishRun(
  plan: RunPlan,
  receipts: readonly Receipt[],
  staging: Staging,
  onStep: OnCommitStep = () => undefined,
): Promise<LogEntry> {
  const folder = staging.paths.table(plan.destination);
  for (let conflict = 0; conflict < MAX_CONFLICTS; conflict++) {
    const log = await readLog(folder);
    const snapshot = replay(folder, log);
    const published = publishedEntry(log, plan.runId);
    if (published) return published;
    const version = (snapshot?.version ?? -1) + 1;
    const merge = await mergeRun(
      {
        plan,
        receipts,
        snapshot,
        folder,
        repeats: hasRepeats(plan, receipts),
        schema: schemaAfter(plan, snapshot),
      },
      version,
    );
    await onStep('merged');
    const vectors = await writeVectors({ plan, receipts, merge }, snapshot, folder);
    await onStep('vectors written');
    const actions = commitActions({ plan, receipts, merge, vectors }, snapshot, Date.now());
    // The commit point. Before this line nothing of the run is visible, though files of it may lie there; once the entry
    // is there, all of it is: rows, deletes, schema and cursor. What follows (views, report) can be done again at any time.
    await appendEntry(folder, version, actions);
  }
  throw new OffloadError(
    'LAKE_CONFLICT',
    `Run ${plan.runId}: version after version of table "${plan.destination}" was taken by another writer`,
    { table: plan.table, runId: plan.runId },
  );
}

/** Rows the planned pages lacked, and rows the server sent more than once. */
function repairFacts(
  receipts: readonly Receipt[],
  audit: AuditResult,
): Pick<RunReport, 'missing' | 'repeated'> {
  const repairs = receipts.filter(({ page }) => page.repair && page.scan === 'rows');
  return {
    missing: repairs.reduce((sum, receipt) => sum + receipt.page.limit, 0),
    repeated: audit.rows - audit.distinctRowIds,
  };
}

function repairNotes({ missing, repeated }: Pick<RunReport, 'missing' | 'repeated'>): string[] {
  return [
    ...(missing > 0
      ? [`the server left ${missing} rows out of its pages; they were fetched by their row ids`]
      : []),
    ...(repeated > 0 ? [`the server sent ${repeated} rows more than once; each is in the lake once`] : []),
  ];
}

/** What a published run did, from its entry in the log: whichever attempt wrote that. */
async function publishedReport(
  plan: RunPlan,
  receipts: readonly Receipt[],
  audit: AuditResult,
  entry: LogEntry,
  staging: Staging,
): Promise<RunReport> {
  const folder = staging.paths.table(plan.destination);
  const log = await readLog(folder);
  const snapshot = replay(folder, log.slice(0, entry.version + 1));
  const { outcomes, expectedRows } = outcomesOf(
    entry.actions.find(({ commitInfo }) => commitInfo)?.commitInfo ?? {},
  );
  const found = await countLakeRows(plan, folder, snapshot);
  const added = entry.actions.flatMap(({ add }) =>
    add?.path.startsWith(`data/${plan.runId}/`) ? [add] : [],
  );
  const cursor = tableState(snapshot)?.cursor;
  return {
    ...emptyReport(plan, 'published'),
    lakeRows: found.rows,
    verified:
      found.rows === expectedRows && found.keys === found.rows && audit.distinctRowIds === plan.sourceRows,
    distinctRowIds: audit.distinctRowIds,
    pages: receipts.filter(({ page }) => !page.repair).length,
    repairs: receipts.filter(({ page }) => page.repair).length,
    requests: receipts.reduce((total, receipt) => total + receipt.requests, 0),
    sourceBytes: receipts.reduce((total, receipt) => total + receipt.sourceBytes, 0),
    lakeBytes: added.reduce((total, file) => total + file.size, 0),
    deltaVersion: entry.version,
    rows: outcomes,
    ...(cursor !== undefined && { cursor }),
    ...repairFacts(receipts, audit),
    notes: [...plan.notes, ...tieNotes(outcomes.ties), ...repairNotes(repairFacts(receipts, audit))],
  };
}

/** Best effort: files that no reader will ever look for. Only once the report is there, which ends all attempts. */
async function discardUnused(
  plan: RunPlan,
  receipts: readonly Receipt[],
  entry: LogEntry,
  staging: Staging,
): Promise<void> {
  const used = new Set(entry.actions.flatMap(({ add }) => add?.path ?? []));
  const unused = receipts.flatMap(({ files }) => files).filter((file) => !used.has(file.path));
  const folder = staging.paths.table(plan.destination);
  await Promise.allSettled([
    ...unused.map((file) => rm(path.join(folder, file.path), { force: true })),
    rm(staging.paths.keys(plan.destination, plan.runId), { recursive: true, force: true }),
    rm(staging.paths.rowIds(plan.destination, plan.runId, plan.sourceVersion), { force: true }),
  ]);
}

/**
 * Stages the rows of a scan that its pages lack, by their ids, and writes their receipts. Told which ids are staged.
 */
export type Repair = (plan: RunPlan, scan: 'rows' | 'keys', staged: RowIdSet) => Promise<unknown>;

interface Audited {
  /** With as many rows as there are, where the plan could not know. */
  readonly plan: RunPlan;
  readonly receipts: readonly Receipt[];
  readonly audit: AuditResult;
}

/** Audits a run, has what is missing staged, and audits it again. */
async function auditAndRepair(
  planned: RunPlan,
  staging: Staging,
  repair: Repair | undefined,
): Promise<Audited> {
  const receipts = await collectReceipts(planned, staging);
  const plan = settlePlan(planned, receipts);
  const audit = await auditRun(plan, receipts, staging);
  const short = (['rows', 'keys'] as const).filter(
    (scan) => audit[scan].distinctRowIds < audit[scan].expected,
  );
  // The answer to a search is what it is: there is no count it could be held against.
  if (short.length === 0 || !repair || plan.search) {
    assertAudited(plan, audit);
    return { plan, receipts, audit: audit.rows };
  }
  for (const scan of short) {
    const staged = await stagedRowIds(plan, scan, receipts, staging);
    try {
      await repair(plan, scan, staged);
    } finally {
      staged.dispose();
    }
  }
  const repaired = await collectReceipts(plan, staging);
  const proof = await auditRun(plan, repaired, staging);
  assertAudited(plan, proof);
  return { plan, receipts: repaired, audit: proof.rows };
}

/** A run that found nothing to do has its plan's report, whoever writes it, and publishes nothing. */
async function reportUnchanged(plan: RunPlan, staging: Staging): Promise<RunReport> {
  const report = unchangedReport(plan);
  return (await staging.createReport(report)) ? report : ((await staging.findReport(plan)) ?? report);
}

/**
 * Audits a staged run, merges it and publishes it: plan and receipts from the lake → audit, and repair → merge → one Delta log entry
 * → views → report. Killed anywhere and run again, it ends in the same lake; a run that has its report is left as it is.
 *
 * @param repair stages rows that are missing; without it, a run that is not complete fails its audit.
 * @throws OffloadError `AUDIT_FAILED` where the pages are not exactly the source's rows, `KEY_NULL`, `SCHEMA_MISMATCH`,
 *   `LAKE_CONFLICT`, `LAKE_UNAVAILABLE`.
 */
export async function commitRun(
  key: RunKey,
  staging: Staging,
  onStep: OnCommitStep = () => undefined,
  repair?: Repair,
): Promise<RunReport> {
  const done = await staging.findReport(key);
  if (done) return done;
  const planned = await staging.readPlan(key);
  if (planned.unchanged) return reportUnchanged(planned, staging);
  const { plan, receipts, audit } = await auditAndRepair(planned, staging, repair);
  await onStep('audited');
  const cancelled = await staging.findReport(key); // an audit takes time
  if (cancelled) return cancelled;
  const entry = await publishRun(plan, receipts, staging, onStep);
  await onStep('logged');
  await refreshDatabase(staging);
  await onStep('views refreshed');
  const report = await publishedReport(plan, receipts, audit, entry, staging);
  await staging.writeReport(report);
  await onStep('reported');
  await discardUnused(plan, receipts, entry, staging);
  return report;
}

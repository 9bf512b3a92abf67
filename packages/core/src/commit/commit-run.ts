import type { RowIdSet } from '@lance-offload/lancedb';
import type { PageKind } from '../plan/page.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import { assertAudited, auditRun, collectReceipts, stagedRowIds } from './audit.ts';
import { endOfRun } from './commit-actions.ts';
import { cancelledReport, finishRun } from './finish-run.ts';
import { publishRun, type AuditedRun, type OnCommitStep } from './publish-run.ts';
import { unchangedReport, type RunReport } from './report.ts';
import { rowsOf, settlePlan } from '../stage/settle-plan.ts';
import { totalsOf } from './staged-totals.ts';
import type { RunKey, Staging } from '../stage/staging.ts';

/**
 * Stages the rows that the pages of a kind lack, by their ids, and makes their receipts. `staged` are the ids that are
 * there.
 */
export type Repair = (plan: RunPlan, kind: PageKind, staged: RowIdSet) => Promise<unknown>;

const PAGE_KINDS = ['rows', 'keys'] as const;

/** Audits a run, has what is missing staged, and audits it again, for as long as that brings rows. */
async function auditAndRepair(
  planned: RunPlan,
  staging: Staging,
  repair: Repair | undefined,
): Promise<AuditedRun> {
  for (let known = -1; ;) {
    const receipts = await collectReceipts(planned, staging);
    const plan = settlePlan(planned, rowsOf(receipts));
    const audit = await auditRun(plan, receipts, staging);
    const short = PAGE_KINDS.filter((kind) => audit[kind].distinctRowIds < audit[kind].expected);
    const staged = audit.rows.distinctRowIds + audit.keys.distinctRowIds;
    // The answer to a search is what it is: there is no count it could be held against.
    if (short.length === 0 || !repair || plan.search || staged === known) {
      assertAudited(plan, audit);
      return { plan, receipts, totals: totalsOf(receipts, audit.rows) };
    }
    known = staged;
    for (const kind of short) {
      const ids = await stagedRowIds(plan, kind, receipts, staging);
      try {
        await repair(plan, kind, ids);
      } finally {
        ids.dispose();
      }
    }
  }
}

/**
 * Audits a staged run, merges it and publishes it: plan and receipts from the lake → audit, and repair → merge → decision → one Delta
 * log entry → views → report. Killed anywhere and run again, by two attempts at once too, it ends in the same lake; a run
 * that has ended is left as it is.
 *
 * @param repair stages rows that are missing; without it, a run that is not complete fails its audit.
 * @throws OffloadError `AUDIT_FAILED` where the pages are not exactly the source's rows, `KEY_NULL`, `SCHEMA_MISMATCH`,
 *   `LAKE_CONFLICT`, `RUN_OVERTAKEN`, `LAKE_UNAVAILABLE`. After the log entry it throws where the report cannot be written, and for nothing else.
 */
export async function commitRun(
  key: RunKey,
  staging: Staging,
  onStep: OnCommitStep = () => undefined,
  repair?: Repair,
): Promise<RunReport> {
  const done = await staging.findReport(key);
  if (done) return done;
  const plan = await staging.readPlan(key);
  if ((await staging.findDecision(key))?.decision === 'cancel') return cancelledReport(plan, staging);
  if (plan.unchanged) return staging.createReport(unchangedReport(plan));
  const ended = await endOfRun(staging.table(key.destination), key.runId);
  if (ended) return finishRun(plan, ended, staging, onStep);
  const audited = await auditAndRepair(plan, staging, repair);
  await onStep('audited');
  const end = await publishRun(audited, staging, onStep);
  if (!end) return cancelledReport(plan, staging);
  await onStep('logged');
  return finishRun(plan, end, staging, onStep);
}

import { pageCount, type PlanJob, type RunPlan, type RunReport } from '@lance-offload/core';
import type { RunRecord } from '@lance-offload/fleet';

/** A run as its report in the lake tells it, in the form of what the fleet tells. */
export function recordOfReport(report: RunReport): RunRecord {
  const { runId, table, destination, state, startedAtMs, ingestionType, sourceVersion, sourceRows } = report;
  return {
    runId,
    table,
    destination,
    state,
    startedAtMs,
    ingestionType,
    sourceVersion,
    sourceRows,
    pages: report.pages,
    stagedPages: report.pages,
    repairs: report.repairs,
    rows: report.distinctRowIds,
    bytes: report.sourceBytes,
    retries: 0,
    finishedAtMs: report.finishedAtMs,
    ...(report.deltaVersion !== null && { deltaVersion: report.deltaVersion }),
    lakeRows: report.lakeRows,
    verified: report.verified,
  };
}

/** An open run as the lake tells it. @param staged how many of its pages have a receipt. */
export function recordOfPlan(plan: RunPlan, staged: number): RunRecord {
  const { runId, table, destination, startedAtMs, ingestionType, sourceVersion, sourceRows } = plan;
  return {
    runId,
    table,
    destination,
    state: 'staging',
    startedAtMs,
    ingestionType,
    sourceVersion,
    sourceRows,
    pages: pageCount(plan),
    estimatedBytes: plan.estimatedBytes,
    stagedPages: staged,
    rows: Math.min(sourceRows, staged * plan.rowsPerPage),
    bytes: 0,
    retries: 0,
  };
}

/** A run that was opened and is not planned, as the lake tells it. */
export function recordOfOpening({ runId, table, destination, startedAtMs }: PlanJob): RunRecord {
  const nothing = { stagedPages: 0, rows: 0, bytes: 0, retries: 0 };
  return { runId, table, destination, startedAtMs, state: 'planning', ...nothing };
}

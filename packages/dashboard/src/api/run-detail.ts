import { readRunLog, readSeries, type FleetLink, type RunRecord } from '@lance-offload/fleet';
import type { RunDetail } from './run-answers.ts';
import { groupFailures } from './failure-groups.ts';
import type { FleetState } from './fleet-state.ts';
import type { LakeFiles } from './lake-files.ts';
import { readStates } from './page-states.ts';
import { remainingMs, runRowOf } from './overview.ts';
import { planAnswer, reportAnswer } from './run-plan.ts';
import { pointsOf } from './run-points.ts';
import { blockedBy, isFinal, pagesOf, waysOutOfRun } from './run-state.ts';

const LOG_LINES = 200;

export interface DetailDeps {
  readonly fleet: FleetLink;
  readonly state: FleetState;
  readonly files: LakeFiles;
}

/** Pages that wait for another attempt; only looked for where attempts have failed. */
async function countRetrying(record: RunRecord, { fleet, state }: DetailDeps): Promise<number> {
  if (record.retries === 0 || isFinal(record)) return 0;
  const states = await readStates(record, state, fleet);
  let retrying = 0;
  for (let index = 0; index < states.total; index += 1) if (states.of(index) === 'retrying') retrying += 1;
  return retrying;
}

/** A lake that cannot be read costs no more than what stands in it. */
async function readFiles(
  record: RunRecord,
  { files }: DetailDeps,
): Promise<Pick<RunDetail, 'plan' | 'report'>> {
  try {
    const [plan, report] = await Promise.all([
      files.plan(record),
      isFinal(record) ? files.report(record) : undefined,
    ]);
    return { plan: plan ? planAnswer(plan) : null, report: report ? reportAnswer(report) : null };
  } catch {
    return { plan: null, report: null };
  }
}

/** All about a run but its pages one by one. */
export async function runDetail(record: RunRecord, deps: DetailDeps): Promise<RunDetail> {
  const { fleet, state } = deps;
  const { runId, destination } = record;
  const facts = state.factsOf(record);
  const row = runRowOf(record, state);
  const rate = state.rates.of(runId);
  const [files, failures, series, log, retrying] = await Promise.all([
    readFiles(record, deps),
    groupFailures(state.index.ofRun(runId), fleet),
    readSeries(runId, fleet),
    readRunLog(runId, LOG_LINES, fleet),
    countRetrying(record, deps),
  ]);
  return {
    ...row,
    atMs: state.nowMs,
    destination,
    pages: { ...pagesOf(record, facts), retrying },
    rowsPerSecond: Math.round(rate.rows),
    bytesPerSecond: Math.round(rate.bytes),
    remainingMs: remainingMs(row.state, record, rate.rows),
    step: record.state === 'committing' ? (record.step ?? null) : null,
    blockedBy: blockedBy(record, facts, state.workersAlive),
    waysOut: waysOutOfRun(record, facts),
    pausedBy: facts.pausedBy,
    failures,
    ...files,
    ...pointsOf(series),
    log,
  };
}

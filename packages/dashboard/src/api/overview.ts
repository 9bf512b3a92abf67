import type { RunRecord, WorkerStanding } from '@lance-offload/fleet';
import type { FleetNow, Overview, RunRow, TableRow, WorkerRow } from './answers.ts';
import { POINT_S } from './bucket-window.ts';
import type { FleetState } from './fleet-state.ts';
import { isFinal, pagesOf, stateWordOf } from './run-state.ts';

const RUNS_SHOWN = 200;

/** Milliseconds until all rows are staged, at the present rate; null where nothing can be said. */
export function remainingMs(
  state: string,
  { rows, sourceRows }: RunRecord,
  rowsPerSecond: number,
): number | null {
  if (state !== 'staging' || sourceRows === undefined || rowsPerSecond <= 0) return null;
  return Math.round((Math.max(0, sourceRows - rows) / rowsPerSecond) * 1000);
}

export function runRowOf(record: RunRecord, state: FleetState): RunRow {
  const facts = state.factsOf(record);
  return {
    runId: record.runId,
    table: record.table,
    state: stateWordOf(record, facts),
    ingestionType: record.ingestionType ?? null,
    startedAtMs: record.startedAtMs,
    finishedAtMs: record.finishedAtMs ?? null,
    sourceVersion: record.sourceVersion ?? null,
    deltaVersion: record.deltaVersion ?? null,
    rows: record.rows,
    expectedRows: record.sourceRows ?? null,
    bytes: record.bytes,
    failedPages: facts.failedPages,
    // Where nothing was published, there was nothing to verify.
    verified: record.state === 'published' ? (record.verified ?? null) : null,
  };
}

function tableRowOf(record: RunRecord, state: FleetState): TableRow {
  const facts = state.factsOf(record);
  const runState = stateWordOf(record, facts);
  const rate = state.rates.of(record.runId);
  return {
    table: record.table,
    runId: record.runId,
    state: runState,
    pages: pagesOf(record, facts),
    rows: record.rows,
    expectedRows: record.sourceRows ?? null,
    rowsPerSecond: Math.round(rate.rows),
    bytesPerSecond: Math.round(rate.bytes),
    remainingMs: remainingMs(runState, record, rate.rows),
    finishedAtMs: record.finishedAtMs ?? null,
  };
}

/** Of each table the open run, or else the last one; `records` are the newest first. */
function runOfEachTable(records: readonly RunRecord[]): RunRecord[] {
  const chosen = new Map<string, RunRecord>();
  for (const record of records) {
    const other = chosen.get(record.table);
    if (!other || (isFinal(other) && !isFinal(record))) chosen.set(record.table, record);
  }
  return [...chosen.values()].toSorted((a, b) => (a.table < b.table ? -1 : 1));
}

function workerStateOf({ lost, state, work }: WorkerStanding): WorkerRow['state'] {
  if (lost) return 'lost';
  return state === 'working' && work.length === 0 ? 'idle' : state;
}

function workerRowOf(worker: WorkerStanding): WorkerRow {
  const { id, host, pid, version, startedAtMs, lastBeatMs, concurrency, threads, rssBytes } = worker;
  const { pages, rows, bytes, failures, work } = worker;
  const facts = { id, host, pid, version, startedAtMs, lastBeatMs, concurrency, threads, rssBytes };
  return { ...facts, state: workerStateOf(worker), pages, rows, bytes, failures, work };
}

function fleetNowOf(workers: readonly WorkerRow[], state: FleetState): FleetNow {
  const count = (...states: WorkerRow['state'][]): number =>
    workers.filter((worker) => states.includes(worker.state)).length;
  const alive = workers.filter((worker) => worker.state !== 'lost' && worker.state !== 'stopped');
  return {
    ...state.window.figures(),
    pagesInFlight: alive.flatMap(({ work }) => work).filter(({ page }) => page !== undefined).length,
    workers: {
      working: count('working', 'idle', 'stopping'),
      lost: count('lost'),
      stopped: count('stopped'),
    },
    failures: state.index.total,
  };
}

/** The overview of what was read last. */
export function overviewOf(state: FleetState): Overview {
  const records = state.book.list(state.nowMs);
  const workers = state.workers.map(workerRowOf);
  return {
    atMs: state.nowMs,
    fleet: fleetNowOf(workers, state),
    control: state.control,
    points: state.window.points,
    pointSeconds: POINT_S,
    tables: runOfEachTable(records).map((record) => tableRowOf(record, state)),
    workers,
    queues: state.queues,
    runs: records.slice(0, RUNS_SHOWN).map((record) => runRowOf(record, state)),
    runsTotal: records.length,
  };
}

import { ERROR_POLICY } from '@lance-offload/base';
import {
  LATENCY_BOUNDS_MS,
  type FleetCounts,
  type LakeTable,
  type WorkerStanding,
} from '@lance-offload/fleet';
import type { WorkerRow } from '../api/answers.ts';
import { byLabel, counter, gauge, histogram, summary, type Family } from './family.ts';
import type { FleetStanding, QueueStanding } from './read-fleet.ts';

/** Series per table and per worker are of so many at most, the latest; more would be a load on Prometheus. */
const MOST_TABLES = 1000;
const MOST_WORKERS = 500;

const NO_ERRORS = Object.fromEntries(Object.keys(ERROR_POLICY).map((code) => [code, 0]));

function queueFamilies(queues: readonly QueueStanding[]): Family[] {
  const jobs = queues.flatMap(({ name, jobs: states }) =>
    Object.entries(states).map(([state, value]) => ({ labels: { queue: name, state }, value })),
  );
  const paused = queues.map((queue) => ({ labels: { queue: queue.name }, value: Number(queue.paused) }));
  const failed = queues.find(({ name }) => name === 'page')?.jobs['failed'] ?? 0;
  return [
    gauge('queue_jobs', 'Jobs by queue and state.', jobs),
    gauge('queue_paused', '1 while an operator holds the queue back.', paused),
    gauge('failed_pages', 'Pages that failed for good; each holds the commit of its run back.', failed),
  ];
}

function countFamilies(totals: FleetCounts): Family[] {
  return [
    counter('pages_total', 'Pages staged.', totals.pages),
    counter('rows_total', 'Rows of the staged pages.', totals.rows),
    counter('bytes_total', 'Bytes of the Arrow answers the staged pages were made of.', totals.bytes),
    counter('source_requests_total', 'Queries the source answered, also with a refusal.', totals.requests),
    counter('rate_limit_pauses_total', 'Queries the source answered with 429.', totals.pauses),
    counter('retries_total', 'Failed attempts that were made again by themselves.', totals.retries),
    counter(
      'errors_total',
      'Failed attempts by error code.',
      byLabel('code', { ...NO_ERRORS, ...totals.errors }),
    ),
    counter('page_busy_seconds_total', 'Time pages were under way, over all workers.', totals.busyMs / 1000),
    histogram('source_request_duration_seconds', 'Time from a query to the end of its answer.', {
      bounds: LATENCY_BOUNDS_MS.map((ms) => ms / 1000),
      counts: totals.latency,
      sum: totals.latencySumMs / 1000,
    }),
    summary(
      'commit_duration_seconds',
      'Time commits took, and how many there were.',
      totals.commitMs / 1000,
      totals.commits,
    ),
  ];
}

type ShownState = Exclude<WorkerRow['state'], 'stopped'>;

function stateOf({ state, lost, work }: WorkerStanding): ShownState {
  if (lost) return 'lost';
  if (state === 'stopping') return 'stopping';
  return work.length > 0 ? 'working' : 'idle';
}

/** A lost worker has its pages taken over by others. */
function pagesInFlight({ lost, work }: WorkerStanding): number {
  return lost ? 0 : work.filter(({ page }) => page !== undefined).length;
}

function workerFamilies(all: readonly WorkerStanding[]): Family[] {
  const workers = all.filter(({ state }) => state !== 'stopped');
  const states: Record<ShownState, number> = { working: 0, idle: 0, stopping: 0, lost: 0 };
  for (const worker of workers) states[stateOf(worker)] += 1;
  const latest = workers.toSorted((a, b) => b.lastBeatMs - a.lastBeatMs).slice(0, MOST_WORKERS);
  const each = (name: string, help: string, valueOf: (worker: WorkerStanding) => number) =>
    gauge(
      name,
      help,
      latest.map((worker) => ({ labels: { worker: worker.id }, value: valueOf(worker) })),
    );
  return [
    gauge('workers', 'Workers by state; lost ones for an hour.', byLabel('state', states)),
    each('worker_resident_memory_bytes', 'Resident memory of a worker.', ({ rssBytes }) => rssBytes),
    each('worker_heap_bytes', 'JavaScript heap a worker uses.', ({ heapBytes }) => heapBytes),
    each('worker_pages_in_flight', 'Pages a worker has under way.', pagesInFlight),
    each(
      'worker_concurrency',
      'Pages a worker may have under way at once.',
      ({ concurrency }) => concurrency,
    ),
    each(
      'worker_last_heartbeat_timestamp_seconds',
      'When a worker was heard of last.',
      ({ lastBeatMs }) => lastBeatMs / 1000,
    ),
  ];
}

function lakeFamilies(tables: ReadonlyMap<string, LakeTable>): Family[] {
  const latest = [...tables]
    .toSorted(([, a], [, b]) => b.committedAtMs - a.committedAtMs)
    .slice(0, MOST_TABLES);
  const each = (name: string, help: string, valueOf: (table: LakeTable) => number) =>
    gauge(
      name,
      help,
      latest.map(([table, held]) => ({ labels: { table }, value: valueOf(held) })),
    );
  return [
    gauge('lake_tables', 'Lake tables a commit was told of.', tables.size),
    each(
      'lake_delta_version',
      'Delta version of a lake table after its last commit.',
      (held) => held.deltaVersion,
    ),
    each('lake_source_version', 'Source version a lake table holds.', (held) => held.sourceVersion),
    each(
      'lake_rows',
      'Rows of the last run under APPEND_ONLY, current rows of the table under SCD.',
      (held) => held.rows,
    ),
    each(
      'lake_last_commit_timestamp_seconds',
      'When a lake table was committed to last.',
      (held) => held.committedAtMs / 1000,
    ),
  ];
}

/** Everything Redis tells of the fleet, as metrics. */
export function fleetFamilies({ totals, queues, workers, tables, openRuns }: FleetStanding): Family[] {
  return [
    ...queueFamilies(queues),
    gauge(
      'runs_open',
      'Runs that have not ended, by state; one that is blocked waits for failed pages.',
      byLabel('state', openRuns),
    ),
    ...countFamilies(totals),
    ...workerFamilies(workers),
    ...lakeFamilies(tables),
  ];
}

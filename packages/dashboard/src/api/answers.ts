/**
 * What the dashboard's API answers, as JSON: the one description that the server fills in and the pages read. Times are
 * milliseconds since 1970 unless a name says otherwise, by Redis's clock.
 */

import type { DashboardUser } from '@lance-offload/base';
import type {
  Intervention,
  Beat,
  FailedJob,
  FailureFilter,
  Limits,
  RunRecord,
  RunStep,
  StateWord,
  WorkerStanding,
} from '@lance-offload/fleet';

export type { FailureFilter } from '@lance-offload/fleet';

/** As it is answered: what may be absent is there, and null. */
export type Shown<Facts> = {
  readonly [Name in keyof Facts]-?: undefined extends Facts[Name]
    ? Exclude<Facts[Name], undefined> | null
    : Facts[Name];
};

/** As `lance-offload status` has them; `paused`: an operator holds back what would move. */
export type RunState = StateWord | 'paused';

/** `GET /api/session`: who looks, and what they may do. */
export interface SessionAnswer {
  readonly user: string;
  readonly role: DashboardUser['role'];
  /** Whether there is a session to end; on loopback without users there is none. */
  readonly canLogOut: boolean;
}

/** A stretch of time of the fleet's work; rates per second. Compact, because there are hundreds. */
export interface Point {
  /** Where it begins, in seconds. */
  readonly t: number;
  readonly rows: number;
  readonly bytes: number;
  /** Pages under way, on average. */
  readonly inFlight: number;
  /** Milliseconds the source took to answer; null where it was not asked. */
  readonly p50: number | null;
  readonly p95: number | null;
  /** Numbers, not rates. */
  readonly retries: number;
  readonly pauses: number;
  readonly errors: number;
}

/** The fleet right now. */
export interface FleetNow {
  /** Over the last 10 seconds. */
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Over the last minute and the last hour. */
  readonly rowsPerSecondMinute: number;
  readonly rowsPerSecondHour: number;
  readonly bytesPerSecondMinute: number;
  readonly pagesInFlight: number;
  /** Over the last minute. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly retriesHour: number;
  readonly pausesHour: number;
  readonly workers: { readonly working: number; readonly lost: number; readonly stopped: number };
  readonly failures: number;
}

/** A table with an open run, or with the last one of the day, by its name at the source. Key: `table`. */
export interface TableRow extends Shown<Pick<RunRecord, 'table' | 'runId' | 'rows' | 'finishedAtMs'>> {
  readonly state: RunState;
  /** Pages of the run, by how they stand; they sum up to `total` (null while it is planned). */
  readonly pages: {
    readonly total: number | null;
    readonly staged: number;
    readonly active: number;
    readonly failed: number;
    readonly waiting: number;
  };
  /** Rows that are to be staged in the end; null while it is planned. */
  readonly expectedRows: number | null;
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Milliseconds until all pages are staged, at the rate of the last half minute; null where nothing can be said. */
  readonly remainingMs: number | null;
}

/** Key: `id`. */
export interface WorkerRow extends Omit<WorkerStanding, 'heapBytes' | 'lost' | 'state'> {
  readonly state: Beat['state'] | 'idle' | 'lost';
}

/** Key: `name`. */
export interface QueueRow {
  readonly name: RunStep | 'schedule';
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  /** Commits that wait for their pages. */
  readonly waitingChildren: number;
  readonly paused: boolean;
}

/** A run of the last day. Key: `runId`. */
export interface RunRow extends Shown<
  Pick<
    RunRecord,
    | 'runId'
    | 'table'
    | 'ingestionType'
    | 'startedAtMs'
    | 'finishedAtMs'
    | 'sourceVersion'
    | 'deltaVersion'
    | 'rows'
    | 'bytes'
    | 'verified'
  >
> {
  readonly state: RunState;
  readonly expectedRows: number | null;
  readonly failedPages: number;
}

export interface Control extends Limits {
  readonly fleetPaused: boolean;
  readonly pausedTables: readonly string[];
  readonly pausedRuns: readonly string[];
}

/**
 * `GET /api/overview`, and the event `snapshot` of `GET /api/events?topic=overview`. Afterwards come events `patch`.
 */
export interface Overview {
  readonly atMs: number;
  readonly fleet: FleetNow;
  readonly control: Control;
  /** The last hour, one point every `pointSeconds`, oldest first; the last one is still being filled. */
  readonly points: readonly Point[];
  readonly pointSeconds: number;
  readonly tables: readonly TableRow[];
  readonly workers: readonly WorkerRow[];
  readonly queues: readonly QueueRow[];
  /** The newest first, no more than `runsShown`; `runsTotal` of the last day there are. */
  readonly runs: readonly RunRow[];
  readonly runsTotal: number;
}

/**
 * Event `patch`: rows that changed, by their key, and keys that are gone; points that are new or have changed. Points
 * an hour or more before the last one are gone. Tables are in order of their names, workers of their ids; runs of
 * their start, the newest first, and then of their ids.
 */
export interface OverviewPatch {
  readonly atMs: number;
  readonly fleet: FleetNow;
  readonly control: Control;
  readonly points: readonly Point[];
  readonly tables: readonly TableRow[];
  readonly workers: readonly WorkerRow[];
  readonly queues: readonly QueueRow[];
  readonly runs: readonly RunRow[];
  readonly runsTotal: number;
  readonly gone: {
    readonly tables: readonly string[];
    readonly workers: readonly string[];
    readonly runs: readonly string[];
  };
}

/** Event `status` of every stream, when it changes: whether Redis answers. While it does not, nothing else comes. */
export interface StreamStatus {
  readonly redis: 'ok' | 'lost';
  /** Since when, by the dashboard's clock. */
  readonly sinceMs: number;
}

/** Failures of one error code and table. Key: `code` and `table`. */
export interface FailureGroup extends Pick<FailedJob, 'code' | 'table' | 'step' | 'hint'> {
  /** Words of the newest one: what failed, and what the server said. */
  readonly message: string;
  readonly count: number;
  readonly runs: readonly string[];
  readonly minAttempts: number;
  readonly maxAttempts: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

export interface Failure extends Shown<Omit<FailedJob, 'destination' | 'sample'>> {
  /** The job in Bull Board. */
  readonly jobUrl: string;
}

/**
 * `GET /api/failures?code&table&runId&step`, and the event `failures` of `GET /api/events?topic=failures` whenever it
 * changes (that one unfiltered).
 */
export interface Failures {
  readonly atMs: number;
  readonly total: number;
  readonly groups: readonly FailureGroup[];
  /** Retries under way, staggered. */
  readonly retries: readonly RetryProgress[];
}

/** `GET /api/failures/jobs?code&table&runId&step&offset&limit`: the newest first. */
export interface FailedJobs {
  readonly total: number;
  readonly jobs: readonly Failure[];
}

export interface RetryProgress {
  readonly id: string;
  readonly filter: FailureFilter;
  readonly perSecond: number | null;
  readonly matched: number;
  readonly retried: number;
  readonly by: string;
  readonly startedAtMs: number;
}

/** `POST /api/failures/retry` `{ filter, perSecond? }` */
export interface RetryAnswer {
  readonly matched: number;
  /** Retried already; the rest follows where it is staggered. */
  readonly retried: number;
  readonly retryId: string | null;
}

/**
 * Changes, each `POST` with JSON and answered `{ message }`, a sentence for the operator; on refusal status 4xx and
 * `ErrorAnswer`:
 * `/api/runs/:runId/retry`, `/api/runs/:runId/cancel`, `/api/control/pause` and `/api/control/resume`
 * (`{ scope: 'fleet' | 'table' | 'run', name? }`), `/api/control/limits` (`{ concurrency?, requestsPerSecond? }`, null
 * lifts one), `/api/retries/:id/stop`.
 */
export interface ChangeAnswer {
  readonly message: string;
}

export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** `GET /api/actions`: who did what, the newest first. */
export interface Interventions {
  readonly actions: readonly Intervention[];
}

import type {
  Failure,
  FailureGroup,
  Overview,
  Point,
  QueueRow,
  RunRow,
  RunState,
  TableRow,
  WorkerRow,
} from '../../src/api/answers.ts';

export type Scenario = 'busy' | 'calm' | 'empty';

const POINT_SECONDS = 10;
const NAMES = [
  'documents',
  'chunks',
  'images',
  'products',
  'reviews',
  'tickets',
  'transcripts',
  'citations',
  'embeddings_v2',
  'web_pages',
];
const OPEN: readonly RunState[] = [
  'staging',
  'staging',
  'staging',
  'committing',
  'published',
  'staging',
  'published',
  'planning',
  'unchanged',
  'staging',
];

/** Failed pages of tables. */
const FAILED: Readonly<Record<string, number>> = { documents: 3, chunks: 128 };

/** The same numbers each time, in [0, 1). */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return value - Math.floor(value);
}

function pointAt(t: number, scenario: Scenario): Point {
  const step = Math.floor(t / POINT_SECONDS);
  const dip = step % 97 < 4 ? 0.25 : 1;
  const wave = (1 + Math.sin(step / 23) * 0.18 + (noise(step) - 0.5) * 0.12) * dip;
  if (scenario === 'empty')
    return { t, rows: 0, bytes: 0, inFlight: 0, p50: null, p95: null, retries: 0, pauses: 0, errors: 0 };
  const scale = scenario === 'busy' ? 1 : 0.2;
  return {
    t,
    rows: 184_000 * wave * scale,
    bytes: 412e6 * wave * scale,
    inFlight: 128 * wave * scale,
    p50: 210 + noise(step + 1) * 60 + (1 - dip) * 300,
    p95: 620 + noise(step + 2) * 280 + (1 - dip) * 1900,
    retries: noise(step + 3) > 0.9 && scenario === 'busy' ? Math.ceil(noise(step) * 6) : 0,
    pauses: dip < 1 && scenario === 'busy' ? 1 : 0,
    errors: 0,
  };
}

export function pointsUntil(atMs: number, scenario: Scenario, seconds = 3600): Point[] {
  const last = Math.floor(atMs / 1000 / POINT_SECONDS) * POINT_SECONDS;
  return Array.from({ length: seconds / POINT_SECONDS }, (_, index) =>
    pointAt(last - seconds + (index + 1) * POINT_SECONDS, scenario),
  );
}

export function runIdOf(table: string): string {
  return `${table}-20261124T220000Z-7f3a`;
}

function tableName(index: number): string {
  const name = NAMES[index % NAMES.length] ?? 'documents';
  return index < NAMES.length ? name : `${name}_${String(Math.floor(index / NAMES.length)).padStart(2, '0')}`;
}

function stateOf(index: number, scenario: Scenario): RunState {
  if (scenario === 'busy' && index === 0) return 'blocked';
  if (scenario === 'busy' && index === 4) return 'paused';
  return OPEN[index % OPEN.length] ?? 'staging';
}

function tableAt(index: number, second: number, scenario: Scenario, atMs: number): TableRow {
  const table = tableName(index);
  const state = stateOf(index, scenario);
  const total = index === 1 ? 100_000 : 40 + Math.floor(noise(index) * 900);
  const rowsPerPage = 10_000;
  const isDone = ['published', 'unchanged', 'committing'].includes(state);
  const failed = scenario === 'busy' ? (FAILED[table] ?? 0) : 0;
  const staged = isDone
    ? total
    : state === 'planning'
      ? 0
      : Math.min(
          total - failed,
          Math.floor(total * (0.2 + noise(index + 5) * 0.6)) + second * (index === 1 ? 40 : 1),
        );
  const done = state === 'blocked' ? total - failed : staged;
  const active = state === 'staging' ? Math.min(total - done, index === 1 ? 64 : 4) : 0;
  const rate = state === 'staging' ? 9000 + noise(index + second) * 4000 : 0;
  return {
    table,
    runId: runIdOf(table),
    state,
    pages: {
      total: state === 'planning' ? null : total,
      staged: done,
      active,
      failed,
      waiting: state === 'planning' ? 0 : total - done - active - failed,
    },
    rows: done * rowsPerPage,
    expectedRows: state === 'planning' ? null : total * rowsPerPage,
    rowsPerSecond: rate,
    bytesPerSecond: rate * 2240,
    remainingMs: state === 'staging' ? ((total - done) * rowsPerPage * 1000) / Math.max(rate, 1) : null,
    finishedAtMs: state === 'published' || state === 'unchanged' ? atMs - 60_000 * (index + 1) : null,
  };
}

function workerAt(index: number, scenario: Scenario, atMs: number): WorkerRow {
  const states = ['working', 'working', 'working', 'idle', 'lost', 'stopping', 'stopped'] as const;
  const state = scenario === 'busy' ? (states[index % states.length] ?? 'working') : 'working';
  const held = state === 'working' ? 7 : state === 'lost' || state === 'stopping' ? 2 : 0;
  return {
    id: `worker-${index}`,
    host: `offload-${String(index + 1).padStart(2, '0')}.fleet.internal`,
    pid: 4100 + index * 7,
    version: '0.1.0',
    state,
    startedAtMs: atMs - 3_600_000 * (index + 2),
    lastBeatMs: state === 'lost' ? atMs - 95_000 : atMs - 1000,
    concurrency: 16,
    threads: 4,
    rssBytes: 410e6 + noise(index) * 300e6,
    pages: 12_400 + index * 311,
    rows: 124e6,
    bytes: 277e9,
    failures: state === 'lost' ? 2 : 0,
    work: Array.from({ length: held }, (_, slot) => ({
      runId: runIdOf('chunks'),
      table: 'chunks',
      ...(slot > 0 && { page: 41_200 + slot + index * 9 }),
      sinceMs: atMs - 2000 - slot * 1300,
    })),
  };
}

function runOf(row: TableRow, index: number, atMs: number): RunRow {
  const isPublished = row.state === 'published';
  return {
    runId: row.runId,
    table: row.table,
    state: row.state,
    ingestionType: ['SCD_TYPE_1', 'APPEND_ONLY', 'SCD_TYPE_2'][index % 3] ?? null,
    startedAtMs: atMs - 240_000 * (index + 1),
    finishedAtMs: row.finishedAtMs === null ? null : atMs - 200_000 * (index + 1),
    sourceVersion: 40 + index,
    deltaVersion: isPublished ? index + 3 : null,
    rows: row.rows,
    expectedRows: row.expectedRows,
    bytes: row.rows * 2240,
    failedPages: row.pages.failed,
    verified: isPublished ? true : null,
  };
}

const QUEUES: readonly QueueRow[] = [
  { name: 'schedule', waiting: 0, active: 0, delayed: 12, failed: 0, waitingChildren: 0, paused: false },
  { name: 'plan', waiting: 4, active: 2, delayed: 0, failed: 0, waitingChildren: 0, paused: false },
  { name: 'page', waiting: 58_310, active: 128, delayed: 9, failed: 131, waitingChildren: 0, paused: false },
  { name: 'commit', waiting: 0, active: 3, delayed: 0, failed: 0, waitingChildren: 121, paused: true },
];

/** A whole answer of the moment; it moves by the second. */
export function overviewAt(scenario: Scenario, second: number, fleetPaused: boolean): Overview {
  const atMs = Date.now();
  const size = { busy: 200, calm: 6, empty: 0 }[scenario];
  const tables = Array.from({ length: size }, (_, index) =>
    tableAt(scenario === 'calm' ? index + 1 : index, second, scenario, atMs),
  );
  const points = pointsUntil(atMs, scenario);
  const last = points.at(-2) ?? pointAt(0, 'empty');
  const workers = Array.from({ length: { busy: 8, calm: 2, empty: 0 }[scenario] }, (_, index) =>
    workerAt(index, scenario, atMs),
  );
  const lost = workers.filter(({ state }) => state === 'lost').length;
  const stopped = workers.filter(({ state }) => state === 'stopped').length;
  const isBusy = scenario === 'busy';
  return {
    atMs,
    fleet: {
      rowsPerSecond: last.rows * (0.97 + noise(second) * 0.06),
      bytesPerSecond: last.bytes,
      rowsPerSecondMinute: last.rows * 0.98,
      rowsPerSecondHour: last.rows * 0.91,
      bytesPerSecondMinute: last.bytes * 0.98,
      pagesInFlight: Math.round(last.inFlight),
      p50: last.p50 === null ? null : Math.round(last.p50),
      p95: last.p95 === null ? null : Math.round(last.p95),
      retriesHour: isBusy ? 94 : 0,
      pausesHour: isBusy ? 12 : 0,
      workers: { working: workers.length - lost - stopped, lost, stopped },
      failures: isBusy ? 134 : 0,
    },
    control: {
      fleetPaused,
      pausedTables: isBusy ? ['reviews'] : [],
      pausedRuns: isBusy ? [runIdOf('images_03')] : [],
      concurrency: isBusy ? 96 : null,
      requestsPerSecond: isBusy ? 250 : null,
    },
    points,
    pointSeconds: POINT_SECONDS,
    tables,
    workers,
    queues: isBusy
      ? QUEUES
      : QUEUES.map(({ name }) => ({
          name,
          waiting: 0,
          active: 0,
          delayed: 0,
          failed: 0,
          waitingChildren: 0,
          paused: false,
        })),
    runs: tables.map((row, index) => runOf(row, index, atMs)),
    runsTotal: isBusy ? 412 : tables.length,
  };
}

export function groupsAt(scenario: Scenario): FailureGroup[] {
  if (scenario !== 'busy') return [];
  const now = Date.now();
  return [
    {
      code: 'SOURCE_UNAVAILABLE',
      table: 'chunks',
      step: 'page',
      hint: 'Check that the server is up and reachable from this machine; then retry the run.',
      message:
        'POST https://acme.us-east-1.api.lancedb.com/v1/table/chunks/query/: 503 upstream connect error or disconnect/reset before headers',
      count: 128,
      runs: [runIdOf('chunks')],
      minAttempts: 5,
      maxAttempts: 6,
      firstSeenMs: now - 1_500_000,
      lastSeenMs: now - 40_000,
    },
    {
      code: 'SOURCE_REJECTED',
      table: 'documents',
      step: 'page',
      hint: 'The server refused the request; its words say why. After a fix at the source, retry the run.',
      message:
        'POST https://acme.us-east-1.api.lancedb.com/v1/table/documents/query/: 400 filter: column “lang” not found',
      count: 3,
      runs: [runIdOf('documents'), 'documents-20261123T220000Z-91ab'],
      minAttempts: 1,
      maxAttempts: 1,
      firstSeenMs: now - 320_000,
      lastSeenMs: now - 310_000,
    },
    {
      code: 'TYPE_UNSUPPORTED',
      table: 'images_07',
      step: 'plan',
      hint: 'Leave the column out with `columns`.',
      message: 'column "thumb" is of type FixedSizeBinary(16), which Parquet readers of the lake do not take',
      count: 3,
      runs: ['a', 'b', 'c', 'd', 'e'].map((end) => `images_07-20261124T1${end.codePointAt(0)}000Z-${end}1f0`),
      minAttempts: 1,
      maxAttempts: 1,
      firstSeenMs: now - 72_000_000,
      lastSeenMs: now - 7_300_000,
    },
  ];
}

export function jobsOf(group: FailureGroup, offset: number, limit: number): Failure[] {
  const length = Math.max(0, Math.min(limit, group.count - offset));
  return Array.from({ length }, (_, index) => ({
    jobId: `${group.runs[0]}.page.${offset + index}`,
    step: group.step,
    runId: group.runs[0] ?? '',
    table: group.table,
    page: group.step === 'page' ? 41_200 + (offset + index) * 7 : null,
    code: group.code,
    message: group.message,
    hint: group.hint,
    attempts: group.maxAttempts,
    atMs: group.lastSeenMs - index * 4000,
    jobUrl: `/queues/queue/offload-${group.step}/1`,
  }));
}

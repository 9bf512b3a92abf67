import type { Overview, RunRow, TableRow } from '../../src/api/answers.ts';
import type { PageCells, PageDetail, ReportAnswer, RunDetail } from '../../src/api/run-answers.ts';
import { groupsAt, pointsUntil } from './fixture-fleet.ts';

const PLAN: RunDetail['plan'] = {
  source: 'acme / us-east-1',
  rowsPerPage: 10_000,
  pageBytes: 33_554_432,
  estimatedBytes: 2_240_000_000_000,
  paging: 'offset',
  filter: "lang = 'en' AND published",
  search: false,
  cursorField: 'updated_at',
  changeTracking: null,
  primaryKeys: ['id', 'chunk'],
  sequenceBy: 'updated_at',
  deletes: 'sweep',
  sweepRows: 12_000_000,
  columns: ['id', 'chunk', 'text', 'vector', 'updated_at', 'lang'].map((name, index) => ({
    name,
    type:
      ['int64', 'int32', 'string', 'fixed_size_list<float32, 768>', 'timestamp[us, UTC]', 'string'][index] ??
      'string',
  })),
  droppedColumns: [
    {
      name: 'thumb',
      reason: 'FixedSizeBinary(16) is not a type of the lake; it was excluded with `columns`.',
    },
  ],
  widened: ['chunk'],
  notes: ['The source has 3 fragments without statistics; rows per page are estimated from the others.'],
};

const REPORT: ReportAnswer = {
  sourceRows: 8_412_000,
  lakeRows: 8_412_000,
  distinctRowIds: 8_412_000,
  verified: true,
  missing: 12,
  repeated: 0,
  requests: 862,
  sourceBytes: 18_842_000_000,
  lakeBytes: 9_120_000_000,
  rows: {
    inserted: 120_400,
    updated: 8_100,
    deleted: 310,
    unchanged: 8_282_000,
    late: 4,
    superseded: 1496,
    ties: 0,
  },
  notes: ['12 rows that moved between pages were fetched by their row ids.'],
  schemaChanges: ['Column "lang" was added.'],
};

function logOf(run: RunRow, atMs: number): RunDetail['log'] {
  const worker = 'offload-01.fleet.internal:4100';
  return [
    { atMs: atMs - 4000, level: 'info', text: 'Staged 10,000 rows in 840 ms', page: 41_337, from: worker },
    {
      atMs: atMs - 9000,
      level: 'warn',
      text: 'The source asks for a pause of 2 s',
      code: 'SOURCE_RATE_LIMITED',
      from: worker,
    },
    {
      atMs: atMs - 44_000,
      level: 'error',
      text: 'Attempt 6 of 6 failed: 503 upstream connect error',
      page: 41_200,
      code: 'SOURCE_UNAVAILABLE',
      from: 'offload-05.fleet.internal:4128',
    },
    {
      atMs: run.startedAtMs + 2000,
      level: 'info',
      text: `Planned ${run.expectedRows ?? 0} rows at version ${run.sourceVersion}`,
      from: 'producer',
    },
    { atMs: run.startedAtMs, level: 'info', text: 'Started', from: 'producer' },
  ];
}

export function runAt(
  overview: Overview,
  runId: string,
  pausedRuns: ReadonlySet<string>,
): RunDetail | undefined {
  const row = overview.tables.find((table) => table.runId === runId);
  const run = overview.runs.find((each) => each.runId === runId);
  if (!row || !run) return undefined;
  const failures = groupsAt(overview.tables.length > 100 ? 'busy' : 'empty').filter(
    ({ table }) => table === row.table,
  );
  const isClosed = run.finishedAtMs !== null;
  return {
    ...run,
    ...row,
    atMs: overview.atMs,
    destination: row.table,
    pages: { ...row.pages, retrying: row.state === 'staging' ? 9 : 0 },
    step: row.state === 'committing' ? 'merge' : null,
    blockedBy: row.state === 'blocked' ? `The commit waits for ${row.pages.failed} failed pages.` : null,
    waysOut:
      row.state === 'blocked'
        ? [
            { command: `lance-offload retry ${runId}`, does: 'gives what failed fresh attempts' },
            { command: `lance-offload cancel ${runId}`, does: 'ends it, and nothing of it is published' },
          ]
        : [],
    pausedBy: pausedRuns.has(runId)
      ? 'run'
      : overview.control.pausedTables.includes(row.table)
        ? 'table'
        : null,
    failures,
    plan: row.state === 'planning' ? null : PLAN,
    report: isClosed ? REPORT : null,
    points: pointsUntil(overview.atMs, 'calm', 900).map(({ t, rows, bytes }) => ({ t, rows, bytes })),
    pointSeconds: 10,
    log: logOf(run, overview.atMs),
  };
}

/** How a page stands: done up to a point, some failed on the way, some under way at the front. */
function stateOf(index: number, { staged, active, failed }: TableRow['pages']): PageDetail['state'] {
  const front = staged + failed;
  const step = failed > 10 ? 331 : 7;
  if (index % step === 3 && index > step && index < step * (failed + 1)) return 'failed';
  if (index < front) return 'staged';
  if (index < front + active) return 'active';
  return index < front + active + 9 && active > 0 ? 'retrying' : 'waiting';
}

export function cellsOf({ pages }: TableRow, from: number, to: number): PageCells {
  const total = pages.total ?? 0;
  const pagesPerCell = Math.max(1, Math.ceil((to - from + 1) / 1000));
  const cells: PageCells['cells'][number][] = [];
  for (let start = from; start <= to; start += pagesPerCell) {
    const end = Math.min(start + pagesPerCell - 1, to);
    const counts = { staged: 0, active: 0, retrying: 0, failed: 0, waiting: 0 };
    for (let index = start; index <= end; index += 1) counts[stateOf(index, pages)] += 1;
    cells.push({ from: start, to: end, ...counts });
  }
  return { total, from, to, pagesPerCell, cells };
}

export function pageAt({ pages, table }: TableRow, index: number): PageDetail {
  const state = stateOf(index, pages);
  const isStaged = state === 'staged';
  const group = groupsAt('busy').find((each) => each.table === table);
  const failure =
    state === 'failed' && group
      ? {
          jobId: '1',
          step: 'page' as const,
          runId: '',
          table,
          page: index,
          code: group.code,
          message: group.message,
          hint: group.hint,
          attempts: 6,
          atMs: Date.now(),
          jobUrl: '/queues/queue/offload-page/1',
        }
      : null;
  return {
    index,
    state,
    scan: 'rows',
    offset: index * 10_000,
    limit: 10_000,
    attempts: state === 'waiting' ? 0 : 1,
    worker: state === 'waiting' ? null : 'offload-01.fleet.internal:4100',
    rows: isStaged ? 10_000 : null,
    bytes: isStaged ? 22_400_000 : null,
    requests: isStaged ? 1 : null,
    stagedAtMs: isStaged ? Date.now() - 90_000 : null,
    timings: isStaged ? { fetchMs: 412, transformMs: 188, writeMs: 61 } : null,
    failure,
    jobUrl: '/queues/queue/offload-page/1',
  };
}

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { claimLines, type Claim } from './claims.ts';
import { Fleet, type FleetResult } from './fleet.ts';
import { makeTable, tableName } from './make-table.ts';
import { median, rounded } from './median.ts';
import { note } from './note.ts';
import { cpuSecondsOf } from './processes.ts';
import { prepareFolder, startServices } from './services.ts';
import { Watcher } from './watcher.ts';

const WORKERS = 2;
/** Before each offload: workers that come straight from another one are warmer than those that have rested. */
const REST_MS = 3000;
const CORES = availableParallelism();
const MOST_COST = 0.03;
const MOST_DEVIATION = 0.05;
const MINUTE_MS = 60_000;
/** Of the minute that is looked at, so much is filled with runs: the rest is room for the last one to end. */
const BUSY_MS = 43_000;
/** What is shown is as old as this at most. */
const TICK_MS = 2500;

interface Options {
  readonly rows: number;
  readonly dimensions: number;
  readonly rounds: number;
  readonly json: boolean;
}

interface Figures {
  /** Rows per second of the same offload, with and without a dashboard that somebody looks at. */
  readonly watched: number;
  readonly alone: number;
  /** The median of the rounds' own ratios: both halves of a round met the same machine. */
  readonly ratio: number;
  /** Of the machine's processor time while it was watched. */
  readonly dashboardCpuShare: number;
  /** Rows in the lake after a minute, and as many as the dashboard's figure for it says. */
  readonly committed: number;
  readonly shown: number;
}

const speedOf = ({ rows, seconds }: FleetResult): number => rows / seconds;

/** Runs one after the other within a minute, and what the dashboard says of that minute. */
async function measureMinute(
  table: string,
  fleet: Fleet,
  config: string,
  env: Record<string, string>,
): Promise<{ committed: number; shown: number }> {
  note('waiting a minute, so that the next one has only what is counted');
  const watcher = await Watcher.start(config, env);
  try {
    await sleep(MINUTE_MS + 10_000);
    const started = performance.now();
    let committed = 0;
    while (performance.now() - started < BUSY_MS) committed += (await fleet.offload(table)).rows;
    await sleep(TICK_MS);
    const { fleet: now } = await watcher.overview();
    return { committed, shown: now.rowsPerSecondMinute * (MINUTE_MS / 1000) };
  } finally {
    await watcher.stop();
  }
}

async function offloadAlone(table: string, fleet: Fleet): Promise<FleetResult> {
  await sleep(REST_MS);
  return fleet.offload(table);
}

/** An offload while somebody looks, and what processor time the dashboard took meanwhile. */
async function offloadWatched(
  table: string,
  fleet: Fleet,
  env: Record<string, string>,
): Promise<{ result: FleetResult; cpuSeconds: number }> {
  const watcher = await Watcher.start(fleet.config, env);
  await sleep(REST_MS); // its start is not what is measured
  const before = cpuSecondsOf(watcher.pid);
  const result = await fleet.offload(table);
  const cpuSeconds = cpuSecondsOf(watcher.pid) - before;
  await watcher.stop();
  return { result, cpuSeconds };
}

async function measure(options: Options, fleet: Fleet, env: Record<string, string>): Promise<Figures> {
  const table = tableName(options);
  const alone: number[] = [];
  const watched: number[] = [];
  const shares: number[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    note(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`);
    // Either goes first in every other round: the one behind meets a disk that is still writing.
    const without = round % 2 === 0 ? await offloadAlone(table, fleet) : undefined;
    const { result, cpuSeconds } = await offloadWatched(table, fleet, env);
    const speed = speedOf(without ?? (await offloadAlone(table, fleet)));
    if (round === 0) continue;
    alone.push(speed);
    watched.push(speedOf(result));
    shares.push(cpuSeconds / result.seconds / CORES);
  }
  const minute = await measureMinute(table, fleet, fleet.config, env);
  return {
    watched: median(watched),
    alone: median(alone),
    ratio: median(watched.map((speed, round) => speed / (alone[round] ?? Number.NaN))),
    dashboardCpuShare: median(shares),
    ...minute,
  };
}

function claimsOf({ ratio, committed, shown }: Figures): Claim[] {
  const deviation = Math.abs(shown / committed - 1);
  return [
    {
      claim: `a dashboard that is looked at costs the fleet less than ${MOST_COST * 100} % of its throughput`,
      measured: `${rounded((1 - ratio) * 100)} %`,
      met: 1 - ratio < MOST_COST,
    },
    {
      claim: `the overview's rows/s of a minute agree within ${MOST_DEVIATION * 100} % with what was committed in it`,
      measured: `${rounded(deviation * 100)} %`,
      met: deviation < MOST_DEVIATION,
    },
  ];
}

async function benchDashboard(options: Options): Promise<void> {
  const { folder, uri } = await prepareFolder();
  note(`making ${tableName(options)} (kept in .bench for the next time)`);
  await makeTable(uri, options);
  const services = await startServices(folder, uri);
  const { url, env } = services;
  const fleet = await Fleet.start(WORKERS, folder, url, env);
  try {
    const figures = await measure(options, fleet, env);
    const claims = claimsOf(figures);
    const lines = [
      `alone: ${rounded(figures.alone)} rows/s; with a dashboard that is looked at: ${rounded(figures.watched)} rows/s; median of the rounds' ratios ${rounded(figures.ratio)}`,
      `the dashboard's own share of the processors: ${rounded(figures.dashboardCpuShare * 100)} %`,
      `a minute: ${figures.committed} rows committed, ${rounded(figures.shown)} shown`,
      ...claimLines(claims),
    ];
    const text = options.json ? JSON.stringify({ ...figures, claims }, null, 2) : lines.join('\n');
    process.stdout.write(`${text}\n`);
  } finally {
    await fleet.stop();
    await services.stop();
  }
}

export function dashboardCommand(): Command {
  return new Command('dashboard')
    .description(
      'What a dashboard that somebody looks at costs the fleet, and whether its figures are true; in one run, alternating.',
    )
    .option('--rows <n>', 'rows of the table', Number, 1_000_000)
    .option('--dimensions <n>', 'dimensions of its float32 vectors', Number, 256)
    .option('--rounds <n>', 'counted rounds, after one that is not', Number, 8)
    .option('--json', 'print JSON', false)
    .action(benchDashboard);
}

import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { claimLines, type Claim } from '../claims.ts';
import { median, rounded } from '../median.ts';
import { openLake, readSnapshot } from '../merge/core.ts';
import { note } from '../note.ts';
import { cpuSecondsOfChildren, runProgram, runScript } from '../processes.ts';
import { startServices } from '../services.ts';
import { makePastLake, stageNext, TABLE, type LakeSize } from './past-lake.ts';
import { makeSourceTable } from './source-table.ts';

const COMMIT = fileURLToPath(new URL('../merge/commit-staged.ts', import.meta.url));

/** How much longer anything may take after the many commits than after the few. */
const LIMIT = 1.5;

/** By the clock, and on all threads: on a machine with other work the latter says more. */
interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** What is timed: a commit as a worker does it, and commands from their start to their end. */
const COMMANDS = {
  status: ['status'],
  plan: ['plan', TABLE],
  query: ['query', `SELECT count(*) FROM ${TABLE}`],
  history: ['history', TABLE],
} as const;
type Timed = 'commit' | keyof typeof COMMANDS;
const TIMED: readonly Timed[] = ['commit', 'status', 'plan', 'query', 'history'];

interface Options {
  readonly commits: readonly number[];
  readonly tables: readonly number[];
  readonly rounds: number;
  readonly json: boolean;
}

interface KeptLake {
  readonly size: LakeSize;
  readonly folder: string;
  readonly config: string;
}

async function prepareLake(folder: string, size: LakeSize, url: string): Promise<KeptLake> {
  const name = `${size.tables}-tables-${size.commits}-commits`;
  note(`making ${name} (kept in .bench for the next time)`);
  const lake = path.join(folder, name);
  await makePastLake(lake, size);
  const config = path.join(folder, `${name}.yaml`);
  const connection = `connection: { api_key: \${LANCEDB_API_KEY}, project_name: bench, host: "${url}" }`;
  const options = '{ ingestion_type: SCD_TYPE_1, primary_keys: [id], cursor_field: updated_at }';
  await writeFile(
    config,
    `${connection}\nlake: ${lake}\nqueue_prefix: "{bench-${name}}"\ntables: { ${TABLE}: ${options} }\n`,
  );
  return { size, folder: lake, config };
}

/** Seconds of a commit of 25 rows: from reading the plan to the report, in a process that knows nothing of the lake. */
async function timeCommit({ folder, size }: KeptLake): Promise<Cost> {
  const staging = openLake(folder);
  const version = ((await readSnapshot(staging.table(TABLE)))?.version ?? 0) + 1;
  const { runId } = await stageNext(staging, version, 2 + version - size.commits);
  const done = await runScript<Cost & { verified: boolean }>(COMMIT, [folder, TABLE, runId]);
  if (!done.verified) throw new Error(`run ${runId} in ${folder} is not verified`);
  return done;
}

async function timeCommand(args: readonly string[], env: Record<string, string>): Promise<Cost> {
  const [started, before] = [performance.now(), cpuSecondsOfChildren()];
  await runProgram('lance-offload', args, env);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: cpuSecondsOfChildren() - before };
}

function timeOne(timed: Timed, lake: KeptLake, env: Record<string, string>): Promise<Cost> {
  return timed === 'commit'
    ? timeCommit(lake)
    : timeCommand([...COMMANDS[timed], '--config', lake.config], env);
}

type Times = ReadonlyMap<KeptLake, Readonly<Record<Timed, Cost[]>>>;

/** Times everything in each lake in turn, so that whatever else the machine does meets all of them. */
async function measure(
  lakes: readonly KeptLake[],
  rounds: number,
  env: Record<string, string>,
): Promise<Times> {
  const times: Times = new Map(
    lakes.map((lake) => [lake, { commit: [], status: [], plan: [], query: [], history: [] }]),
  );
  for (let round = 0; round <= rounds; round++) {
    note(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    for (const timed of TIMED)
      for (const lake of lakes) {
        const cost = await timeOne(timed, lake, env);
        if (round > 0) times.get(lake)?.[timed].push(cost);
      }
  }
  return times;
}

interface Figure {
  readonly tables: number;
  readonly what: Timed;
  /** Medians, by the number of commits. */
  readonly costs: Readonly<Record<number, Cost>>;
  /** What the last of them is of the first. */
  readonly ratio: Cost;
}

function medianOf(costs: readonly Cost[]): Cost {
  return {
    seconds: median(costs.map(({ seconds }) => seconds)),
    cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
  };
}

function figuresOf(times: Times): Figure[] {
  const tables = new Set([...times.keys()].map(({ size }) => size.tables));
  return [...tables].flatMap((count) =>
    TIMED.map((what) => {
      const ofCount = [...times].filter(([{ size }]) => size.tables === count);
      const medians = ofCount.map(([{ size }, all]) => [size.commits, medianOf(all[what])] as const);
      const [few, many] = [medians.at(0)?.[1], medians.at(-1)?.[1]];
      const of = (name: keyof Cost) => rounded((many?.[name] ?? 0) / (few?.[name] ?? 0));
      const ratio = { seconds: of('seconds'), cpuSeconds: of('cpuSeconds') };
      return { tables: count, what, costs: Object.fromEntries(medians), ratio };
    }),
  );
}

function claimsOf(figures: readonly Figure[]): Claim[] {
  return figures.map(({ tables, what, costs, ratio }) => {
    const [few = '', many = ''] = [Object.keys(costs).at(0), Object.keys(costs).at(-1)];
    const all = (name: keyof Cost) =>
      Object.values(costs)
        .map((cost) => rounded(cost[name]))
        .join(' and ');
    return {
      claim: `${what} in a lake of ${tables === 1 ? '1 table' : `${tables} tables`} after ${many} commits within ${LIMIT} times that after ${few}`,
      measured: `${ratio.seconds} times (${all('seconds')} s), ${ratio.cpuSeconds} times the CPU time (${all('cpuSeconds')} s)`,
      met: ratio.seconds < LIMIT,
    };
  });
}

async function benchCommits({ commits, tables, rounds, json }: Options): Promise<void> {
  const folder = path.resolve('.bench', 'commits');
  await mkdir(folder, { recursive: true });
  const uri = path.join(folder, 'lancedb');
  await makeSourceTable(uri);
  const services = await startServices(path.resolve('.bench'), uri);
  try {
    const lakes: KeptLake[] = [];
    for (const count of tables)
      for (const past of commits)
        lakes.push(await prepareLake(folder, { tables: count, commits: past }, services.url));
    const figures = figuresOf(await measure(lakes, rounds, services.env));
    const claims = claimsOf(figures);
    const load = loadavg()[0];
    process.stdout.write(
      `${json ? JSON.stringify({ figures, claims, rounds, load }, null, 2) : claimLines(claims).join('\n')}\n`,
    );
  } finally {
    await services.stop();
  }
}

const numbers = (text: string): number[] => text.split(',').map(Number);

export function commitsCommand(): Command {
  return new Command('commits')
    .description(
      'Whether costs stay flat: a commit of 25 rows, status, plan, query and history after few and after many commits, in lakes of one table and of many, in one run, alternating.',
    )
    .option('--commits <n,m>', 'commits of each table', numbers, [100, 4000])
    .option('--tables <n,m>', 'tables of the lakes', numbers, [1, 200])
    .option('--rounds <n>', 'counted rounds, after one that is not', Number, 5)
    .option('--json', 'print JSON', false)
    .action(benchCommits);
}

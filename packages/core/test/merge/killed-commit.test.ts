import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { readLog, withDuckDB } from '@lance-offload/delta';
import { afterAll, expect, test } from 'vitest';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { CommitStep } from '../../src/commit/publish-run.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { openLake, type Staging } from '../../src/stage/staging.ts';
import { PEOPLE, person, stateOf } from './people.ts';
import { runOver, STORIES, type Run } from './stories.ts';
import { lakeQuery, stageTable } from './typed-table.ts';
import { pathsOf } from '../paths-of.ts';

const TIMEOUT_MS = 120_000;
const PROGRAM = path.join(import.meta.dirname, 'commit-and-die.ts');
const ROWS = 'FROM documents ORDER BY ALL';

async function stage(staging: Staging, { plan, people }: Run): Promise<void> {
  await stageTable(staging, plan, { types: PEOPLE, rows: people.map((row) => ({ ...row })) });
}

async function publish(staging: Staging, runs: readonly Run[]): Promise<void> {
  for (const run of runs) {
    await stage(staging, run);
    await commitRun(run.plan, staging);
  }
}

/** Commits a staged run in a process of its own, which is killed once a step is done. */
async function killAfter(
  step: CommitStep,
  { store }: Staging,
  { runId, destination }: RunPlan,
): Promise<void> {
  const flags = ['--conditions=dev', '--disable-warning=ExperimentalWarning'];
  const died = promisify(execFile)(process.execPath, [
    ...flags,
    PROGRAM,
    store.locate(''),
    destination,
    runId,
    step,
  ]);
  await expect(died).rejects.toMatchObject({ signal: 'SIGKILL', stderr: '' });
}

/** What a reader sees, through the log and in `lake.duckdb`. */
async function seen(staging: Staging) {
  const database = await withDuckDB({ file: pathsOf(staging).database }, async (connection) =>
    (await connection.runAndReadAll(ROWS)).getRowsJson(),
  );
  return { rows: await lakeQuery(staging, ROWS), state: await stateOf(staging), database };
}

/** What the clock decides, or the order of the rows in a file of closed versions, which is free. */
const FREE = new Set([
  'timestamp',
  'lastUpdated',
  'modificationTime',
  'deletionTimestamp',
  'id',
  'finishedAtMs',
  'numOutputBytes',
  'lakeBytes',
  'size',
  'pathOrInlineDv', // the random name of a file of deletion vectors
]);

/** The whole of a lake: rows, state, the log action by action, the report of a run; without what is free to differ. */
async function wholeOf(staging: Staging, plan: RunPlan): Promise<unknown> {
  const log = await readLog(staging.table(plan.destination));
  const report = await staging.findReport(plan);
  const settled: unknown = JSON.parse(JSON.stringify({ log, report }), (key, value: unknown) =>
    FREE.has(key)
      ? 0
      : key === 'path'
        ? String(value).replace(/\.[0-9a-f]{16}\.parquet$/, '.parquet')
        : value,
  );
  return { ...(await seen(staging)), settled };
}

/** A mode's story in a lake of its own. */
interface Told extends ReturnType<(typeof STORIES)[Mode]> {
  /** A lake with the runs before, and the one that is to be killed staged; put back for each test. Its views name its place. */
  readonly disturbed: () => Promise<Staging>;
  /** What readers see before and after the run, where nothing happens to it, and the whole of that lake. */
  readonly old: Awaited<ReturnType<typeof seen>>;
  readonly fresh: Awaited<ReturnType<typeof seen>>;
  readonly whole: unknown;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'core-killed-'));
  folders.push(folder);
  return folder;
}

async function tell(mode: Mode): Promise<Told> {
  const { before, killed } = STORIES[mode]();
  const folder = await newFolder();
  const [place, kept] = [path.join(folder, 'lake'), path.join(folder, 'kept')];
  const lake = openLake(place);
  await publish(lake, before);
  await stage(lake, killed);
  await cp(place, kept, { recursive: true });
  const old = await seen(lake);
  await commitRun(killed.plan, lake);
  const [fresh, whole] = [await seen(lake), await wholeOf(lake, killed.plan)];
  const disturbed = async () => {
    await rm(place, { recursive: true });
    await cp(kept, place, { recursive: true });
    return openLake(place);
  };
  return { before, killed, disturbed, old, fresh, whole };
}

const modes = Object.keys(STORIES) as (keyof typeof STORIES)[];
type Mode = (typeof modes)[number];

const stories = new Map<Mode, Promise<Told>>();

/** A mode's story, told once. */
function storyOf(mode: Mode): Promise<Told> {
  const story = stories.get(mode) ?? tell(mode);
  stories.set(mode, story);
  return story;
}

const STEPS: readonly CommitStep[] = [
  'audited',
  'merged',
  'vectors written',
  'decided',
  'logged',
  'views refreshed',
  'counted',
  'reported',
];
const LOGGED = STEPS.indexOf('logged');
const VIEWS = STEPS.indexOf('views refreshed');

const kills = modes.flatMap((mode) => STEPS.map((step) => ({ mode, step })));

for (const { mode, step } of kills)
  test(
    `a commit under ${mode} that is killed after "${step}" is seen whole or not at all, and made again it leaves what an undisturbed one does`,
    { timeout: TIMEOUT_MS },
    async () => {
      const { before, killed, old, fresh, whole, ...story } = await storyOf(mode);
      expect(fresh.rows).not.toEqual(old.rows);
      expect([old.state?.cursor, fresh.state?.cursor]).toEqual([mode === 'APPEND_ONLY' ? '12' : '13', '15']);

      const disturbed = await story.disturbed();
      await killAfter(step, disturbed, killed.plan);
      const at = STEPS.indexOf(step);
      const { rows, state, database } = await seen(disturbed);
      expect([rows, state]).toEqual(at < LOGGED ? [old.rows, old.state] : [fresh.rows, fresh.state]);
      expect(database).toEqual(at < VIEWS ? old.database : fresh.database);
      expect((await disturbed.findReport(killed.plan)) === undefined).toBe(step !== 'reported');

      const report = await commitRun(killed.plan, disturbed);
      expect(report).toMatchObject({ state: 'published', verified: true, deltaVersion: before.length });
      expect(await wholeOf(disturbed, killed.plan)).toEqual(whole);
      expect(await commitRun(killed.plan, disturbed)).toEqual(report);
      expect(await wholeOf(disturbed, killed.plan)).toEqual(whole);
    },
  );

for (const mode of ['APPEND_ONLY', 'SCD_TYPE_2'] as const)
  test(
    `a commit under ${mode} that is killed again and again, at one step after the other, is in the end made once`,
    { timeout: TIMEOUT_MS },
    async () => {
      const { killed, ...story } = await storyOf(mode);
      const disturbed = await story.disturbed();
      for (const step of ['merged', 'vectors written', 'audited', 'logged'] as const)
        await killAfter(step, disturbed, killed.plan);
      await commitRun(killed.plan, disturbed);
      expect(await wholeOf(disturbed, killed.plan)).toEqual(story.whole);
    },
  );

for (const mode of modes)
  test(
    `a commit under ${mode} that is killed before its log entry is merged anew where another run was published in between`,
    { timeout: TIMEOUT_MS },
    async () => {
      const { before, killed, ...story } = await storyOf(mode);
      // Of the same version; with rows that the killed run has too, and that it takes out of their new files.
      const { ingestionType, primaryKeys, sequenceBy, sourceVersion, cursorFrom } = killed.plan;
      const rules = { ingestionType, primaryKeys, sequenceBy, sourceVersion, cursorFrom, cursorField: 'seq' };
      const between =
        mode === 'APPEND_ONLY'
          ? runOver([person(1, null, 'an'), person(8, 12, 'hal'), person(7, 12, 'gus')], rules)
          : runOver(
              [person(1, 12, 'an'), person(2, 10, 'bob'), person(8, 14, 'hal'), person(10, 11, 'joe')],
              rules,
            );
      const undisturbed = openLake(await newFolder());
      await publish(undisturbed, [...before, between, killed]);

      const disturbed = await story.disturbed();
      for (const step of ['vectors written', 'merged'] as const)
        await killAfter(step, disturbed, killed.plan);
      await publish(disturbed, [between]);
      await killAfter('merged', disturbed, killed.plan);
      const report = await commitRun(killed.plan, disturbed);
      expect(report).toMatchObject({ verified: true, deltaVersion: before.length + 1 });
      expect(await wholeOf(disturbed, killed.plan)).toEqual(await wholeOf(undisturbed, killed.plan));
    },
  );

for (const mode of modes)
  test(
    `two commits of one run under ${mode} at the same moment publish it once`,
    { timeout: TIMEOUT_MS },
    async () => {
      const { before, killed, ...story } = await storyOf(mode);
      const disturbed = await story.disturbed();
      const commits = await Promise.allSettled([
        commitRun(killed.plan, disturbed),
        commitRun(killed.plan, disturbed),
      ]);
      // One may find that the other, already done, has put away pages that nobody needs; its next attempt finds the report.
      expect(commits.map(({ status }) => status)).toContain('fulfilled');
      expect(await commitRun(killed.plan, disturbed)).toMatchObject({
        verified: true,
        deltaVersion: before.length,
      });
      expect(await wholeOf(disturbed, killed.plan)).toEqual(story.whole);
    },
  );

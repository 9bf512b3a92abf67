import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test as base } from 'vitest';
import { readLog, withDuckDB } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { CommitStep } from '../../src/commit/publish-run.ts';
import { openLake, type Staging } from '../../src/stage/staging.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { PEOPLE, person, stateOf } from './people.ts';
import { runOver, STORIES, type Run } from './stories.ts';
import { lakeQuery, stageTable } from './typed-table.ts';
import { pathsOf } from '../paths-of.ts';

const TIMEOUT_MS = 120_000;
const PROGRAM = path.join(import.meta.dirname, 'commit-and-die.ts');
const ROWS = 'FROM documents ORDER BY ALL';

/** Two lakes: one that a killed commit leaves behind, and one where nothing happens to the same runs. */
const test = base.extend<{ lakes: { disturbed: Staging; undisturbed: Staging } }>({
  lakes: async ({ task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), `core-killed-${task.id}-`));
    const lake = (name: string) => openLake(path.join(folder, name));
    await use({ disturbed: lake('disturbed'), undisturbed: lake('undisturbed') });
    await rm(folder, { recursive: true });
  },
});

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

const modes = Object.keys(STORIES) as (keyof typeof STORIES)[];
const kills = modes.flatMap((mode) => STEPS.map((step) => ({ mode, step })));

for (const { mode, step } of kills)
  test(
    `a commit under ${mode} that is killed after "${step}" is seen whole or not at all, and made again it leaves what an undisturbed one does`,
    { timeout: TIMEOUT_MS },
    async ({ lakes: { disturbed, undisturbed } }) => {
      const { before, killed } = STORIES[mode]();
      await publish(undisturbed, before);
      const old = await seen(undisturbed);
      await publish(undisturbed, [killed]);
      const fresh = await seen(undisturbed);
      expect(fresh.rows).not.toEqual(old.rows);
      expect([old.state?.cursor, fresh.state?.cursor]).toEqual([mode === 'APPEND_ONLY' ? '12' : '13', '15']);

      await publish(disturbed, before);
      await stage(disturbed, killed);
      await killAfter(step, disturbed, killed.plan);
      const at = STEPS.indexOf(step);
      const { rows, state, database } = await seen(disturbed);
      expect([rows, state]).toEqual(at < LOGGED ? [old.rows, old.state] : [fresh.rows, fresh.state]);
      expect(database).toEqual(at < VIEWS ? old.database : fresh.database);
      expect((await disturbed.findReport(killed.plan)) === undefined).toBe(step !== 'reported');

      const report = await commitRun(killed.plan, disturbed);
      expect(report).toMatchObject({ state: 'published', verified: true, deltaVersion: before.length });
      const whole = await wholeOf(disturbed, killed.plan);
      expect(whole).toEqual(await wholeOf(undisturbed, killed.plan));
      expect(await commitRun(killed.plan, disturbed)).toEqual(report);
      expect(await wholeOf(disturbed, killed.plan)).toEqual(whole);
    },
  );

for (const mode of ['APPEND_ONLY', 'SCD_TYPE_2'] as const)
  test(
    `a commit under ${mode} that is killed again and again, at one step after the other, is in the end made once`,
    { timeout: TIMEOUT_MS },
    async ({ lakes: { disturbed, undisturbed } }) => {
      const { before, killed } = STORIES[mode]();
      await publish(undisturbed, [...before, killed]);
      await publish(disturbed, before);
      await stage(disturbed, killed);
      for (const step of ['merged', 'vectors written', 'audited', 'logged'] as const)
        await killAfter(step, disturbed, killed.plan);
      await commitRun(killed.plan, disturbed);
      expect(await wholeOf(disturbed, killed.plan)).toEqual(await wholeOf(undisturbed, killed.plan));
    },
  );

for (const mode of modes)
  test(
    `a commit under ${mode} that is killed before its log entry is merged anew where another run was published in between`,
    { timeout: TIMEOUT_MS },
    async ({ lakes: { disturbed, undisturbed } }) => {
      const { before, killed } = STORIES[mode]();
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
      await publish(undisturbed, [...before, between, killed]);

      await publish(disturbed, before);
      await stage(disturbed, killed);
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
    async ({ lakes: { disturbed, undisturbed } }) => {
      const { before, killed } = STORIES[mode]();
      await publish(undisturbed, [...before, killed]);
      await publish(disturbed, before);
      await stage(disturbed, killed);
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
      expect(await wholeOf(disturbed, killed.plan)).toEqual(await wholeOf(undisturbed, killed.plan));
    },
  );

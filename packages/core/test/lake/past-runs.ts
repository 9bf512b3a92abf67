import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { Staging } from '../../src/stage/staging.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { openingOf } from '../lake-fixture.ts';
import { PEOPLE, peoplePlan, person } from '../merge/people.ts';
import { stageTable } from '../merge/typed-table.ts';
import { pathsOf } from '../paths-of.ts';

/** Of how many runs housekeeping keeps more than the report. */
const KEPT_RUNS = 100;

export const runIdOf = (number: number): string => openingOf(number).runId;

async function open(staging: Staging, destination: string, number: number): Promise<string> {
  const opening = openingOf(number);
  await staging.claimOpening({ ...opening, job: { ...opening.job, table: destination, destination } });
  return opening.runId;
}

/** Opens and stages the run of a number, counted from 1: all of three rows have changed. */
export async function stageNumber(
  staging: Staging,
  number: number,
  destination = 'documents',
): Promise<RunPlan> {
  const runId = await open(staging, destination, number);
  const rows = [1, 2, 3].map((id) => person(id, number, `${id} in run ${number}`));
  const plan = peoplePlan(rows, { destination, runId });
  await stageTable(staging, plan, { types: PEOPLE, rows: rows.map((row) => ({ ...row })) });
  return plan;
}

/** The files of the second run, as those of another one. */
async function copyData(folder: string, number: number): Promise<void> {
  if (number > 2)
    await cp(path.join(folder, 'data', runIdOf(2)), path.join(folder, 'data', runIdOf(number)), {
      recursive: true,
    });
}

/**
 * A table that has had so many runs, of which each has replaced the rows of the one before. The first two and the last one are real; the
 * others are written as a run leaves them, after housekeeping.
 */
export async function pastRuns(staging: Staging, runs: number, destination = 'documents'): Promise<void> {
  for (const number of [1, 2]) await commitRun(await stageNumber(staging, number, destination), staging);
  const folder = pathsOf(staging).table(destination);
  const log = (version: number) =>
    path.join(folder, '_delta_log', `${String(version).padStart(20, '0')}.json`);
  // The file that each run removes has the name that the run before gave it.
  const second = await readFile(log(1), 'utf8');
  const attemptOf = (number: number) =>
    new RegExp(`${runIdOf(number)}/page-0+\\.(\\w+)`).exec(second)?.[1] ?? '';
  const entry = second.replaceAll(attemptOf(1), attemptOf(2));
  const report = await readFile(staging.store.locate(staging.keys.report(destination, runIdOf(2))), 'utf8');
  const ofRun = (text: string, number: number) =>
    text
      .replaceAll(runIdOf(1), 'before')
      .replaceAll(runIdOf(2), runIdOf(number))
      .replaceAll('before', runIdOf(number - 1));
  for (let number = 3; number < runs; number++) {
    const run = path.join(folder, '_offload', runIdOf(number));
    await mkdir(run);
    const written = ofRun(report, number).replace('"deltaVersion": 1', `"deltaVersion": ${number - 1}`);
    await writeFile(path.join(run, 'report.json'), written);
    await writeFile(log(number - 1), ofRun(entry, number));
    if (number > runs - KEPT_RUNS) await open(staging, destination, number);
  }
  await copyData(folder, runs - 1);
  await staging.store.delete(
    [1, 2].flatMap((number) =>
      number > runs - KEPT_RUNS ? [] : [staging.keys.opening(destination, number)],
    ),
  );
  await commitRun(await stageNumber(staging, runs, destination), staging);
}

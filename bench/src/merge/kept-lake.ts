import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runProgram } from '../processes.ts';
import { commitRun, FORMAT_VERSION, openLake, type Staging, type RunPlan } from './core.ts';
import { changing, filling, planChanging, planFilling, stageRun, type LakeSize } from './stage-run.ts';

/** A lake whose table has all its rows, and a run of changed ones that waits for its commit. */
export interface StagedLake {
  readonly size: LakeSize;
  /** Its folder. Never committed to: each measurement has a copy. */
  readonly folder: string;
  readonly plan: RunPlan;
}

function stagingOf(folder: string): Staging {
  return openLake(folder);
}

/** A copy made of hard links: core replaces files and never writes into one, so the original stays as it is. */
export async function linkLake(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(path.dirname(to), { recursive: true });
  await runProgram('cp', ['-al', from, to]);
}

/** The filled table, made unless it is there from an earlier time. */
async function keepLake(folder: string, size: LakeSize): Promise<string> {
  const { rows, dimensions, ingestionType } = size;
  const lake = path.join(folder, `${ingestionType}-${rows}x${dimensions}-format-${FORMAT_VERSION}`);
  const marker = `${lake}.complete`;
  if (existsSync(marker)) return lake;
  await rm(lake, { recursive: true, force: true });
  const plan = planFilling(size);
  await stageRun(plan, filling(size), stagingOf(lake));
  const { verified } = await commitRun(plan, stagingOf(lake));
  if (!verified) throw new Error(`the lake in ${lake} is not verified`);
  await writeFile(marker, '');
  return lake;
}

/** Stages the changed rows on a copy of the kept lake. */
export async function stageChanges(folder: string, size: LakeSize, changed: number): Promise<StagedLake> {
  const kept = await keepLake(folder, size);
  const lake = path.join(folder, 'work', `${size.ingestionType}-${size.dimensions}`);
  await linkLake(kept, lake);
  const staging = stagingOf(lake);
  const filled = await staging.findReport(planFilling(size));
  if (filled?.cursor === undefined) throw new Error(`the lake in ${kept} has no cursor`);
  const plan = planChanging(size, changed, filled.cursor);
  await stageRun(plan, changing(size, changed), staging);
  return { size, folder: lake, plan };
}

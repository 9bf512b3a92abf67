import type { TableOptions } from '@lance-offload/base';
import { PAYLOAD_VERSION, commitRun, newAttemptId, type Staging, type RunPlan } from '@lance-offload/core';
import { FORMAT_VERSION } from '@lance-offload/delta';
import { PEOPLE } from '../../../core/test/merge/people.ts';
import { STORIES, type Run } from '../../../core/test/merge/stories.ts';
import { stageTable } from '../../../core/test/merge/typed-table.ts';
import { KeptLake } from './kept-lake.ts';
import { seenRows } from './seen-lake.ts';

export type Mode = RunPlan['ingestionType'];
export const MODES = ['APPEND_ONLY', 'SCD_TYPE_1', 'SCD_TYPE_2'] as const satisfies readonly Mode[];

/** The rows of a table, as text: before a run, and where it is cancelled; and once it is published. */
export interface Rows {
  readonly without: string;
  readonly published: string;
}

/** A lake with a run under way. */
export interface UnderWay {
  readonly lake: KeptLake;
  readonly run: Run;
  readonly rows: Rows;
}

const rowsOf = ({ people }: Run) => people.map((row) => ({ ...row }));

export function optionsOf({ ingestionType, primaryKeys, sequenceBy, cursorField }: RunPlan): TableOptions {
  return {
    ingestion_type: ingestionType,
    ...(primaryKeys.length > 0 && { primary_keys: [...primaryKeys] }),
    ...(sequenceBy !== null && { sequence_by: sequenceBy }),
    ...(cursorField !== undefined && { cursor_field: cursorField }),
    batch_size: 3,
  };
}

async function open(plan: RunPlan, staging: Staging): Promise<void> {
  const { runId, table, destination, source, startedAtMs } = plan;
  const job = { payloadVersion: PAYLOAD_VERSION, runId, table, destination, source, startedAtMs } as const;
  await staging.claimOpening({
    formatVersion: FORMAT_VERSION,
    number: 1,
    runId,
    job: { ...job, options: optionsOf(plan), full: false, sweepDeletes: false },
    fleet: 'one',
    attempt: newAttemptId(),
    openedAtMs: startedAtMs,
  });
}

const stage = (run: Run, staging: Staging) =>
  stageTable(staging, run.plan, { types: PEOPLE, rows: rowsOf(run) });

async function offload(run: Run, staging: Staging): Promise<string> {
  await stage(run, staging);
  await commitRun(run.plan, staging);
  return (await seenRows(staging, run.plan.destination)).log;
}

/** How far a run is: its plan is made, its pages are staged, its commit has decided to publish it. */
export type Progress = 'planned' | 'staged' | 'decided';

/** Makes a lake with published runs, whose rows a further one updates, deletes and adds to. */
export async function makeUnderWay(mode: Mode, progress: Progress): Promise<UnderWay> {
  const { before, killed } = STORIES[mode]();
  let without = '';
  const lake = await KeptLake.make(async (staging) => {
    for (const run of before) without = await offload(run, staging);
    await open(killed.plan, staging);
    await staging.createPlan(killed.plan);
    if (progress !== 'planned') await stage(killed, staging);
    if (progress === 'decided') await staging.decide(killed.plan, 'commit');
  });
  const published = await offload(killed, await lake.reset());
  return { lake, run: killed, rows: { without, published } };
}

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram, runScript } from '../processes.ts';
import type { CommitStep, RunReport } from './core.ts';
import { linkLake, type StagedLake } from './kept-lake.ts';

const COMMIT = fileURLToPath(new URL('commit-staged.ts', import.meta.url));
const REWRITE = fileURLToPath(new URL('rewrite-files.ts', import.meta.url));

/** Dimensions of the vectors: of the table that is compared with DuckDB, and of two beside it. */
export interface Widths {
  readonly narrow: number;
  readonly usual: number;
  readonly wide: number;
}

/** What a process of its own took. */
export interface Cost {
  readonly seconds: number;
  /** On all its threads. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** From reading the plan to the report: audit, merge, deletion vectors, log entry, views. */
interface CommitCost extends Cost {
  /** Seconds of each step. */
  readonly steps: Readonly<Record<CommitStep, number>>;
}

interface RewriteCost extends Cost {
  readonly files: number;
  /** Of the seconds, those spent waiting for fsync. */
  readonly syncSeconds: number;
}

/** One round: each contender once. */
export interface Round {
  readonly narrow: CommitCost;
  readonly usual: CommitCost;
  readonly wide: CommitCost;
  readonly history: CommitCost;
  readonly rewrite: RewriteCost;
}

export type Lakes = Readonly<Record<'narrow' | 'usual' | 'wide' | 'history', StagedLake>>;

/** Commits the staged run on a copy of its lake, so that every round begins with the same table. */
async function measureCommit({ size, folder, plan }: StagedLake, work: string): Promise<CommitCost> {
  const lake = path.join(work, 'committed');
  await linkLake(folder, lake);
  const cost = await runScript<CommitCost & Pick<RunReport, 'rows' | 'verified'>>(COMMIT, [
    lake,
    plan.destination,
    plan.runId,
  ]);
  if (!cost.verified || cost.rows.updated !== plan.sourceRows)
    throw new Error(`the merge at ${size.dimensions} dimensions went wrong: ${JSON.stringify(cost)}`);
  return cost;
}

async function measureRewrite({ size, folder, plan }: StagedLake, work: string): Promise<RewriteCost> {
  const output = path.join(work, 'rewritten');
  const cost = await runScript<RewriteCost & { rows: number; replaced: number }>(REWRITE, [
    folder,
    plan.destination,
    plan.runId,
    output,
  ]);
  if (cost.replaced !== plan.sourceRows || cost.rows > size.rows)
    throw new Error(`the rewritten files are wrong: ${JSON.stringify(cost)}`);
  await rm(output, { recursive: true });
  await runProgram('sync', []); // or whoever is next would pay for a gigabyte that goes
  return cost;
}

/** Measures each contender once, one after the other. */
export async function measureRound(lakes: Lakes, work: string): Promise<Round> {
  return {
    narrow: await measureCommit(lakes.narrow, work),
    usual: await measureCommit(lakes.usual, work),
    wide: await measureCommit(lakes.wide, work),
    history: await measureCommit(lakes.history, work),
    rewrite: await measureRewrite(lakes.usual, work),
  };
}

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram, runScript } from '../processes.ts';
import type { CommitStep, RunReport } from './core.ts';
import { linkLake, type StagedLake } from './kept-lake.ts';

const COMMIT = fileURLToPath(new URL('commit-staged.ts', import.meta.url));
const REWRITE = fileURLToPath(new URL('rewrite-files.ts', import.meta.url));

/** Commits of each lake in a round: one takes half a second, and whatever else the machine does shows in it. */
const COMMITS = 3;

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

type Merged = 'narrow' | 'usual' | 'wide' | 'history';

/** One round: the merges in turn, as often as `COMMITS`, and the rewriting once. */
export type Round = Readonly<Record<Merged, readonly CommitCost[]>> & {
  readonly rewrite: readonly [RewriteCost];
};

export type Lakes = Readonly<Record<Merged, StagedLake>>;

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

/** Measures the contenders in turn. */
export async function measureRound(lakes: Lakes, work: string): Promise<Round> {
  const costs: Record<Merged, CommitCost[]> = { narrow: [], usual: [], wide: [], history: [] };
  for (let commit = 0; commit < COMMITS; commit++) {
    costs.narrow.push(await measureCommit(lakes.narrow, work));
    costs.usual.push(await measureCommit(lakes.usual, work));
    costs.wide.push(await measureCommit(lakes.wide, work));
    costs.history.push(await measureCommit(lakes.history, work));
  }
  return { ...costs, rewrite: [await measureRewrite(lakes.usual, work)] };
}

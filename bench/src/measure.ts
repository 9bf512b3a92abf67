import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Fleet } from './fleet.ts';
import { tableName, type TableSize } from './make-table.ts';
import { runScript } from './processes.ts';

/** Pages two workers have under way at their defaults on two cores; the drain gets as many. */
const PAGES_AT_ONCE = 4;

/** Seconds of each contender in one round. */
export interface Measurements {
  readonly drain: number;
  readonly single: number;
  readonly oneWorker: number;
  readonly twoWorkers: number;
  readonly sourceBytes: number;
}

export interface Contest {
  readonly url: string;
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly size: TableSize;
  readonly page: number;
  readonly fleets: readonly [Fleet, Fleet];
}

async function versionOf({ url, env }: Contest, table: string): Promise<number> {
  const response = await fetch(`${url}/v1/table/${table}/describe/`, {
    method: 'POST',
    headers: { 'x-api-key': env['LANCEDB_API_KEY'] ?? '', 'content-type': 'application/json' },
    body: '{"version":null}',
  });
  const { version } = (await response.json()) as { version: number };
  return version;
}

async function program(contest: Contest, file: string, args: readonly string[]): Promise<number> {
  const script = path.join(import.meta.dirname, file);
  const { seconds } = await runScript<{ seconds: number }>(script, args, contest.env);
  return seconds;
}

/** One round: each contender once, one after the other. */
export async function measure(contest: Contest): Promise<Measurements> {
  const table = tableName(contest.size);
  const version = await versionOf(contest, table);
  const drain = await program(
    contest,
    'drain.ts',
    [contest.url, table, contest.size.rows, contest.page, PAGES_AT_ONCE, version].map(String),
  );
  const two = await contest.fleets[1].offload(table);
  const file = path.join(contest.folder, 'single.parquet');
  const single = await program(contest, 'single-program.ts', [contest.url, table, file]);
  await rm(file);
  const one = await contest.fleets[0].offload(table);
  return { drain, single, oneWorker: one.seconds, twoWorkers: two.seconds, sourceBytes: two.sourceBytes };
}

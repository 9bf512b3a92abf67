import { createHash } from 'node:crypto';
import { dataFileKey, deletionVectorKey, readLog, withDuckDB } from '@lance-offload/delta';
import { createViews, type Staging } from '@lance-offload/core';
import { pathsOf } from '../../../core/test/paths-of.ts';

type Connection = Parameters<Parameters<typeof withDuckDB>[1]>[0];

/** Checksums of objects, by key. */
type Sums = Readonly<Record<string, string>>;

/** The bytes of a table, as far as anybody goes by them. */
export interface SeenBytes {
  /** The log, and all files that an entry of it names: what readers find. */
  readonly published: Sums;
  /** What is decided: openings, plans, receipts, decisions, reports. */
  readonly claims: Sums;
}

const CLAIM = /^_offload\/(?:openings\/|[^/]+\/(?:receipts\/|(?:plan|decision|report)\.json$))/;

async function sumsOf(keys: Iterable<string>, table: ReturnType<Staging['table']>): Promise<Sums> {
  const sums: Record<string, string> = {};
  for (const key of [...keys].toSorted()) {
    const bytes = await table.get(key);
    sums[key] = bytes ? createHash('sha256').update(bytes).digest('hex') : 'is gone';
  }
  return sums;
}

export async function seenBytes(staging: Staging, destination: string): Promise<SeenBytes> {
  const table = staging.table(destination);
  const published = new Set<string>();
  for await (const { key } of table.list('_delta_log/')) published.add(key);
  for (const { actions } of await readLog(table))
    for (const { add, remove } of actions) {
      const file = add ?? remove;
      if (!file) continue;
      published.add(dataFileKey(file));
      const vector = file.deletionVector && deletionVectorKey(table, file.deletionVector);
      if (vector !== undefined) published.add(vector);
    }
  const claims: string[] = [];
  for await (const { key } of table.list('_offload/')) if (CLAIM.test(key)) claims.push(key);
  return { published: await sumsOf(published, table), claims: await sumsOf(claims, table) };
}

/** The keys that are not, or not as they were, in what was seen later. */
export function changedSince(before: Sums, after: Sums): string[] {
  return Object.keys(before).filter((key) => before[key] !== after[key]);
}

/**
 * All rows of a table as text, but for which run brought them: what a reader finds through its log, and what lake.duckdb
 * answers.
 */
export async function seenRows(
  staging: Staging,
  destination: string,
): Promise<{ readonly log: string; readonly database: string }> {
  const query = async (connection: Connection) => {
    const read = await connection.runAndReadAll(
      `SELECT * EXCLUDE (_run_id, _offloaded_at) FROM "${destination}" ORDER BY ALL`,
    );
    return read
      .getRows()
      .map((row) => row.map(String).join(' '))
      .join('\n');
  };
  const log = await withDuckDB({}, async (connection) => {
    const { skipped } = await createViews(connection, staging);
    for (const { error } of skipped) throw error;
    return query(connection);
  });
  return { log, database: await withDuckDB({ file: pathsOf(staging).database }, query) };
}

import type { DuckDBConnection, DuckDBResultReader } from '@duckdb/node-api';
import { OffloadError } from '@lance-offload/base';
import { createViews, type Staging } from '@lance-offload/core';
import type { LakeMoment } from '@lance-offload/delta';
import { mayAskFor } from './named-tables.ts';

/** Tables that have no view, and why. */
export type Skipped = Awaited<ReturnType<typeof createViews>>['skipped'];

const UNKNOWN_TABLE = /^Catalog Error: Table with name /;

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs one statement that DuckDB has refused for a table it does not know, now that it knows more of them. */
async function runAgain(connection: DuckDBConnection, sql: string): Promise<DuckDBResultReader> {
  const prepared = await connection.prepare(sql); // of several statements it refuses all: the first may have been run already
  prepared.destroySync();
  return connection.runAndReadAll(sql);
}

/**
 * Runs SQL over views of the lake's tables, of those that it may ask for. Where DuckDB does not know a table, it is given all of them and
 * asked again: then the names that it proposes are those of tables.
 *
 * @param onSkipped is called with the tables that have no view, before anything is run.
 * @throws OffloadError `QUERY_FAILED` with DuckDB's words; what `onSkipped` throws.
 */
export async function runQuery(
  sql: string,
  connection: DuckDBConnection,
  { staging, at }: { readonly staging: Staging; readonly at?: LakeMoment | undefined },
  onSkipped: (skipped: Skipped) => void = () => undefined,
): Promise<DuckDBResultReader> {
  const tables = await staging.listTables();
  const isAsked = mayAskFor(sql, tables);
  const isNamed = (table: string) => at !== undefined && 'versions' in at && at.versions.has(table);
  const isWanted = (table: string) => isAsked(table) || isNamed(table);
  onSkipped((await createViews(connection, staging, at, isWanted)).skipped);
  try {
    return await connection.runAndReadAll(sql);
  } catch (error) {
    let refused = error;
    if (UNKNOWN_TABLE.test(wordsOf(error)) && !tables.every(isWanted)) {
      await createViews(connection, staging, at, (table) => !isWanted(table));
      try {
        return await runAgain(connection, sql);
      } catch (second) {
        if (UNKNOWN_TABLE.test(wordsOf(second))) refused = second;
      }
    }
    throw new OffloadError('QUERY_FAILED', wordsOf(refused), {}, { cause: refused });
  }
}

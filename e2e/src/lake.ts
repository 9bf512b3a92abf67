import { isDeepStrictEqual } from 'node:util';
import { createViews, openLake, type Staging, type RunReport } from '@lance-offload/core';
import { withDuckDB } from '@lance-offload/delta';
import { vi } from 'vitest';

type Row = Readonly<Record<string, unknown>>;

const LINEAGE = '_run_id, _offloaded_at, _row_hash';

/** How long a condition may take before the test says that it did not come true. Nothing waits for this time. */
const PATIENCE = { timeout: 120_000, interval: 50 };

/** Waits until there is a value. */
export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  return vi.waitUntil(look, PATIENCE);
}

/** The lake as its readers, and as its workers see it. */
export class Lake {
  readonly staging: Staging;

  constructor(folder: string) {
    this.staging = openLake(folder);
  }

  async sql(sql: string): Promise<Row[]> {
    return withDuckDB({}, async (connection) => {
      await createViews(connection, this.staging);
      const result = await connection.runAndReadAll(sql);
      return result.getRowObjectsJS();
    });
  }

  /** All rows of a table without the lake's own columns, in the order of a column. */
  rows(table: string, orderBy = 'id'): Promise<Row[]> {
    return this.sql(`SELECT * EXCLUDE (${LINEAGE}) FROM "${table}" ORDER BY "${orderBy}"`);
  }

  /** The tables a reader finds. */
  async tables(): Promise<string[]> {
    const views = await this.sql('SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL');
    return views.map((row) => String(row['view_name']));
  }

  /** Indexes of the pages that have a receipt. */
  receipts(run: { destination: string; runId: string }): Promise<number[]> {
    return this.staging.listReceipts(run);
  }

  /** Waits until a run has ended, however it came to that. */
  ended(run: { destination: string; runId: string }): Promise<RunReport> {
    return until(() => this.staging.findReport(run));
  }

  /** Waits until a table has a planned run without a report. */
  async openRun(destination: string): Promise<{ destination: string; runId: string }> {
    const { runId } = await until(() => this.staging.findOpenRun(destination));
    return { destination, runId };
  }
}

/** The first few rows that differ between two lists; comparing this with `[]` keeps a failure readable. */
export function differences(actual: readonly object[], expected: readonly object[]): unknown[] {
  const counts =
    actual.length === expected.length ? [] : [{ actual: actual.length, expected: expected.length }];
  const rows = expected.flatMap((row, index) => {
    const found = actual[index];
    return isDeepStrictEqual(found, row) ? [] : [{ index, actual: found, expected: row }];
  });
  return [...counts, ...rows.slice(0, 5)];
}

import path from 'node:path';
import type { RunPlan } from '../plan/run-plan.ts';
import { readSnapshot } from './delta-log.ts';
import { parquetFiles, quoteText, withDuckDB } from './duckdb.ts';
import type { Staging } from './staging.ts';

/** Rows of one run as a reader of the Delta table finds them: in the log's live files, counted by DuckDB. */
export async function countRunRows(
  plan: Pick<RunPlan, 'runId' | 'destination'>,
  staging: Staging,
): Promise<number> {
  const folder = staging.paths.table(plan.destination);
  const snapshot = await readSnapshot(folder);
  const mine = (snapshot?.files ?? []).filter((file) => file.path.startsWith(`data/${plan.runId}/`));
  if (mine.length === 0) return 0;
  const files = mine.map((file) => path.join(folder, decodeURIComponent(file.path)));
  return withDuckDB({}, async (connection) => {
    const result = await connection.runAndReadAll(
      `SELECT count(*)::BIGINT FROM ${parquetFiles(files)} WHERE _run_id = ${quoteText(plan.runId)}`,
    );
    return Number(result.getRows()[0]?.[0]);
  });
}

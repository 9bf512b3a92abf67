import type { RunPlan } from '../plan/run-plan.ts';
import type { MergedRows } from './merge.ts';
import { keyNames, list, sameKey, type MergeTables } from './merge-tables.ts';

/**
 * Null is the lowest sequence: where the cursor stands in for it, a row without one has been there always. No row of a
 * table that was made anew is late: those the lake has are of another table.
 */
const lateSql = ({ madeAnew }: Pick<RunPlan, 'madeAnew'>): string =>
  madeAnew ? 'false' : 'l.seq IS NOT NULL AND (i.seq IS NULL OR l.seq > i.seq)';

/**
 * SCD_TYPE_1: of a key the row with the greatest sequence, then the greatest row hash. A row of the lake gives way to a
 * newer one, or to another content at the same sequence, which the run has read at a later version of the source.
 * (Semantics: Databricks AUTO CDC, `STORED AS SCD TYPE 1`.)
 */
export async function mergeScd1(tables: MergeTables): Promise<MergedRows> {
  const { connection } = tables;
  const { plan } = tables.input;
  const keys = list(keyNames(plan));
  await connection.run(`CREATE TABLE ranked AS
    SELECT *, row_number() OVER (PARTITION BY ${keys} ORDER BY seq DESC NULLS LAST, hash DESC, file, "row") AS rank FROM run_rows`);
  await connection.run(`CREATE TABLE matched AS
    SELECT i.file, i."row", l.file AS lake_file, l."row" AS lake_row,
      CASE WHEN l.file IS NULL THEN 'inserted' WHEN l.hash = i.hash THEN 'unchanged' WHEN ${lateSql(plan)} THEN 'late' ELSE 'updated' END AS outcome,
      l.file IS NOT NULL AND l.hash <> i.hash AND l.seq IS NOT DISTINCT FROM i.seq AS tie
    FROM (SELECT * FROM ranked WHERE rank = 1) i LEFT JOIN lake_rows l ON ${sameKey(plan, 'i', 'l')}`);
  await connection.run(
    plan.deletes === 'none'
      ? 'CREATE TABLE gone AS SELECT file, "row" FROM lake_rows WHERE false'
      : `CREATE TABLE gone AS SELECT l.file, l."row" FROM lake_rows l ANTI JOIN source_keys s ON ${sameKey(plan, 'l', 's')}`,
  );
  await tables.createRemoved(`
    SELECT file, "row" FROM ranked WHERE rank > 1
    UNION ALL SELECT file, "row" FROM matched WHERE outcome IN ('unchanged', 'late')
    UNION ALL SELECT lake_file, lake_row FROM matched WHERE outcome = 'updated'
    UNION ALL SELECT file, "row" FROM gone`);
  const tally = await tables.tally('SELECT outcome, count(*) FROM matched GROUP BY outcome');
  const ranked = await tables.count('ranked WHERE rank > 1');
  const deleted = await tables.count('gone');
  const ties = plan.sequenceBy === null ? 0 : await tables.count('matched WHERE tie');
  const outcomes = {
    inserted: tally('inserted'),
    updated: tally('updated'),
    deleted,
    unchanged: tally('unchanged'),
    late: tally('late'),
    superseded: ranked,
    ties: ties + (await tables.tiesOfRun()),
  };
  return { outcomes, expectedRows: tables.liveLakeRows + outcomes.inserted - deleted };
}

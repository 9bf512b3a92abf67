import { quoteIdentifier } from '@lance-offload/delta';
import { cursorDuckdbLiteral } from '../plan/cursor-value.ts';
import { NO_OUTCOMES } from '../commit/report.ts';
import type { MergedRows } from './merge.ts';
import type { MergeTables } from './merge-tables.ts';

/**
 * APPEND_ONLY: every row of the run is appended. An incremental run reads the last cursor value again, and the rows
 * without a cursor, so that none is lost; those of them the lake has are told by their row hash, as often as they
 * stand there (docs/operations.md, "Incremental runs").
 */
export async function mergeAppend(tables: MergeTables): Promise<MergedRows> {
  const { plan } = tables.input;
  const { cursorField, cursorFrom } = plan;
  if (cursorField === undefined || cursorFrom === undefined || tables.runFiles.length === 0) {
    await tables.createRemoved('SELECT 0 AS file, 0 AS "row" WHERE false');
    return { outcomes: { ...NO_OUTCOMES, inserted: plan.sourceRows }, expectedRows: plan.sourceRows };
  }
  const type = tables.typeOf(cursorField);
  const cursor = `r.${quoteIdentifier(cursorField)}`;
  const endless = type === 'float' || type === 'double' ? ` OR NOT isfinite(${cursor})` : '';
  const boundary = `WHERE ${cursor} IS NULL OR ${cursor} = ${cursorDuckdbLiteral(type, cursorFrom)}${endless}`;
  const needed = [cursorField, '_row_hash'];
  const select = (files: MergeTables['lakeFiles'] | MergeTables['runFiles']) =>
    files.length === 0
      ? 'SELECT 0 AS file, 0 AS "row", 0 AS hash WHERE false'
      : `${tables.rows(files, { hash: 'r._row_hash' }, needed)} ${boundary}`;
  await tables.createRemoved(`
    WITH lake AS (SELECT hash, count(*) AS copies FROM (${select(tables.lakeFiles)}) GROUP BY hash),
      run AS (SELECT file, "row", hash, row_number() OVER (PARTITION BY hash ORDER BY file, "row") AS copy FROM (${select(tables.runFiles)}) ANTI JOIN repeats USING (file, "row"))
    SELECT run.file, run."row" FROM run JOIN lake USING (hash) WHERE run.copy <= lake.copies`);
  const unchanged = await tables.count('removed ANTI JOIN repeats USING (file, "row")');
  const inserted = plan.sourceRows - unchanged;
  return { outcomes: { ...NO_OUTCOMES, inserted, unchanged }, expectedRows: inserted };
}

import type { DuckDBConnection } from '@duckdb/node-api';
import { findRows, type Shown } from './find-rows.ts';
import { NO_FINDINGS, type Findings } from './verdict.ts';

/** Hashes that one side has more often than the other, as the table `uneven`. */
const CREATE_UNEVEN = `CREATE TABLE uneven AS
  SELECT hash, coalesce(s.copies, 0) AS source_copies, coalesce(l.copies, 0) AS lake_copies
  FROM (SELECT hash, count(*) AS copies FROM source_rows GROUP BY hash) s
    FULL JOIN (SELECT hash, count(*) AS copies FROM lake_rows GROUP BY hash) l USING (hash)
  WHERE s.copies IS DISTINCT FROM l.copies`;

/**
 * The rows one side has too many of. Of rows with the same content, those without their like of the same row id on the
 * other side are named first: it is they that were lost, or changed.
 */
function surplus(side: 'source' | 'lake'): string {
  const other = side === 'source' ? 'lake' : 'source';
  const here = side === 'source' ? 'o.rowid' : 'o.rowid, o.file, o."row"';
  return `SELECT o.* FROM (SELECT o.*, u.${other}_copies AS kept,
      EXISTS (SELECT 1 FROM ${other}_rows x WHERE x.rowid = o.rowid AND x.hash = o.hash) AS has_like
    FROM ${side}_rows o JOIN uneven u USING (hash) WHERE u.${side}_copies > u.${other}_copies) o
    QUALIFY row_number() OVER (PARTITION BY o.hash ORDER BY o.has_like DESC, ${here}) > o.kept`;
}

/** Rows of one run and one version of the source: row ids name the same rows on both sides. */
async function compareRun(connection: DuckDBConnection, shown: Shown): Promise<Findings> {
  // Of a row id that the lake has twice, one may be the source's row with another content, the other is too many.
  await connection.run(
    `CREATE TABLE beyond AS SELECT *, row_number() OVER (PARTITION BY rowid ORDER BY file, "row") AS nth FROM (${surplus('lake')})`,
  );
  // Of one version, equal rows of one row id have the same bits.
  const paired = `(SELECT b.rowid, b.file, b."row" FROM beyond b JOIN lacking USING (rowid) WHERE b.nth = 1
    UNION ALL SELECT l.rowid, l.file, l."row" FROM lake_rows l JOIN source_rows s USING (rowid, hash) WHERE l.bits <> s.bits)`;
  return {
    ...NO_FINDINGS,
    missing: await findRows(connection, '(FROM lacking ANTI JOIN beyond USING (rowid))', shown),
    different: await findRows(connection, paired, shown),
    extra: await findRows(
      connection,
      '(FROM beyond b WHERE b.nth > 1 OR NOT EXISTS (FROM lacking WHERE lacking.rowid = b.rowid))',
      shown,
    ),
  };
}

/** Rows of many runs: what the lake has beyond the source's was changed or deleted there since. */
async function compareAll(connection: DuckDBConnection, shown: Shown): Promise<Findings> {
  const past = await connection.runAndReadAll(
    'SELECT coalesce(sum(greatest(lake_copies - source_copies, 0)), 0)::BIGINT FROM uneven',
  );
  const inexact = `(SELECT s.* EXCLUDE (seq), s.seq AS source_seq FROM source_rows s
    WHERE EXISTS (SELECT 1 FROM lake_rows l WHERE l.hash = s.hash)
      AND NOT EXISTS (SELECT 1 FROM lake_rows l WHERE l.hash = s.hash AND l.bits = s.bits))`;
  return {
    ...NO_FINDINGS,
    inexact: await findRows(connection, inexact, shown),
    missing: await findRows(connection, '(SELECT * EXCLUDE (seq), seq AS source_seq FROM lacking)', shown),
    past: { count: Number(past.getRows()[0]?.[0]), shown: [] },
  };
}

/**
 * Compares the rows of `source_rows` and `lake_rows` as multisets of their hashes.
 *
 * @param of `run`: the lake's rows are those of one run over the version that is compared; `table`: those of all runs,
 *   which must have the source's rows among them.
 */
export async function compareRows(
  connection: DuckDBConnection,
  shown: Shown,
  of: 'run' | 'table',
): Promise<Findings> {
  await connection.run(CREATE_UNEVEN);
  await connection.run(`CREATE TABLE lacking AS ${surplus('source')}`);
  return of === 'run' ? compareRun(connection, shown) : compareAll(connection, shown);
}

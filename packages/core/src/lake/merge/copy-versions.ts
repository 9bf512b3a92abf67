import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Add } from '../delta-actions.ts';
import { FILE, liveRows, ROW, type DataFile } from '../deleted-rows.ts';
import { duckdbTypeOf } from '../duckdb-type.ts';
import { quoteText } from '../duckdb.ts';
import { createFileWith } from '../files.ts';
import { END_AT, START_AT } from '../lineage.ts';
import { closedFilePath } from '../paths.ts';
import { DELETED, type MergeTables } from './merge-tables.ts';
import { widenZeroBounds } from './zero-bounds.ts';

/** Rows copied into one file: a bound for what DuckDB holds at once. */
const ROWS_PER_FILE = 20_000;
const ROW_GROUP_ROWS = 4096;

/**
 * No dictionaries: DuckDB's take values for one that compare alike, and make one zero of both, one NaN of all. Without
 * them each float is written as it was read; its Bloom filters, which know one zero only, go with them.
 */
const FORMAT = `FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`;

/** The rows of one part of `copies`, all columns of the table, with their new bounds. */
function selectPart(tables: MergeTables, part: number, files: readonly DataFile[]): string {
  const { folder, schema } = tables.input;
  const live = liveRows(folder, files, { deletedTable: DELETED, schema });
  const bound = duckdbTypeOf(tables.sequenceType);
  return `SELECT r.* EXCLUDE (${FILE}, ${ROW}) REPLACE (c.start_at::${bound} AS ${START_AT}, c.end_at::${bound} AS ${END_AT})
    FROM (${live}) r JOIN files f ON f.path = r.${FILE} JOIN copy_parts c ON c.file = f.id AND c."row" = r.${ROW} AND c.part = ${part}`;
}

/**
 * Copies the versions whose bounds have changed into files of their own: the only place where a merge reads and writes
 * wide columns. Every value is bit for bit what it was. A file's name is a function of run and Delta version, as its rows are: of an attempt that died its
 * whole files are taken as they are.
 */
export async function copyVersions(tables: MergeTables, deltaVersion: number): Promise<Add[]> {
  const { connection, input } = tables;
  await connection.run(`CREATE TABLE copy_parts AS
    SELECT *, (row_number() OVER (ORDER BY file, "row") - 1) // ${ROWS_PER_FILE} AS part FROM copies`);
  const parts = await connection.runAndReadAll(
    'SELECT part::INTEGER, count(*)::INTEGER, list(DISTINCT file) FROM copy_parts GROUP BY part ORDER BY part',
  );
  const added: Add[] = [];
  for (const [part, rows, ids] of parts.getRowsJS()) {
    const files = (Array.isArray(ids) ? ids : []).map((id) => tables.fileOf(Number(id)));
    const relative = closedFilePath(input.plan.runId, deltaVersion, Number(part));
    const file = path.join(input.folder, relative);
    await createFileWith(file, async (temporary) => {
      await connection.run(
        `COPY (${selectPart(tables, Number(part), files)}) TO ${quoteText(temporary)} (${FORMAT})`,
      );
      await widenZeroBounds(temporary);
    });
    added.push({
      path: relative,
      partitionValues: {},
      size: (await stat(file)).size,
      modificationTime: Date.now(),
      dataChange: true,
      stats: JSON.stringify({ numRecords: Number(rows), tightBounds: true }),
      deletionVector: undefined,
    });
  }
  return added;
}

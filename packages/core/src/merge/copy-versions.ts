import {
  withScratchFile,
  FILE,
  liveRows,
  ROW,
  duckdbTypeOf,
  quoteText,
  widenZeroBounds,
  type Add,
  type DataFile,
} from '@lance-offload/delta';
import { END_AT, START_AT } from '../lake/validity.ts';
import { closedFilePath, newAttemptId } from '../lake/paths.ts';
import { createData } from '../stage/staging.ts';
import { DELETED, type MergeTables } from './merge-tables.ts';

/** Rows copied into one file, and their bytes in plain: bounds for what DuckDB holds at once. Pages are as large. */
const ROWS_PER_FILE = 20_000;
const BYTES_PER_FILE = 2 ** 26;
const ROW_GROUP_ROWS = 4096;

/**
 * No dictionaries: DuckDB's take values for one that compare alike, and make one zero of both, one NaN of all. Without
 * them each float is written as it was read; its Bloom filters, which know one zero only, go with them.
 */
const FORMAT = `FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 0, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`;

/** The rows of one part of `copies`, all columns of the table, with their new bounds. */
function selectPart(tables: MergeTables, part: number, files: readonly DataFile[]): string {
  const { table, schema } = tables.input;
  const live = liveRows(table, files, { deletedTable: DELETED, schema });
  const bound = duckdbTypeOf(tables.sequenceType);
  return `SELECT r.* EXCLUDE (${FILE}, ${ROW}) REPLACE (c.start_at::${bound} AS ${START_AT}, c.end_at::${bound} AS ${END_AT})
    FROM (${live}) r JOIN files f ON f.path = r.${FILE} JOIN copy_parts c ON c.file = f.id AND c."row" = r.${ROW} AND c.part = ${part}`;
}

/** Cuts `copies` into parts of one file each (`copy_parts`), by rows and by what a row of its file takes on average. */
async function createParts({ connection }: MergeTables): Promise<void> {
  const result = await connection.runAndReadAll(
    'SELECT path FROM files WHERE id IN (SELECT file FROM copies)',
  );
  const paths = result.getRows().map(([file]) => quoteText(String(file).replaceAll(/[*?[]/g, '[$&]')));
  if (paths.length === 0)
    return void (await connection.run('CREATE TABLE copy_parts AS SELECT *, 0 AS part FROM copies'));
  const metadata = (of: string) => `parquet_${of}([${paths.join(', ')}])`;
  await connection.run(`CREATE TABLE copy_parts AS
    WITH sizes AS (SELECT file_name, sum(total_uncompressed_size) AS bytes FROM ${metadata('metadata')} GROUP BY file_name),
      widths AS (SELECT f.id, s.bytes / m.num_rows AS width FROM sizes s
        JOIN ${metadata('file_metadata')} m USING (file_name) JOIN files f ON f.path = file_name),
      placed AS (SELECT c.*, row_number() OVER places - 1 AS nth, sum(w.width) OVER places - w.width AS bytes
        FROM copies c JOIN widths w ON w.id = c.file WINDOW places AS (ORDER BY c.file, c."row"))
    SELECT * EXCLUDE (nth, bytes), dense_rank() OVER (ORDER BY nth // ${ROWS_PER_FILE}, floor(bytes / ${BYTES_PER_FILE})) - 1 AS part
    FROM placed`);
}

/**
 * Copies the versions whose bounds have changed into files of their own: the only place where a merge reads and writes
 * wide columns. Every value is bit for bit what it was.
 */
export async function copyVersions(tables: MergeTables, deltaVersion: number): Promise<Add[]> {
  const { connection, input } = tables;
  await createParts(tables);
  const parts = await connection.runAndReadAll(
    'SELECT part::INTEGER, count(*)::INTEGER, list(DISTINCT file) FROM copy_parts GROUP BY part ORDER BY part',
  );
  const attempt = newAttemptId();
  const added: Add[] = [];
  for (const [part, rows, ids] of parts.getRowsJS()) {
    const files = (Array.isArray(ids) ? ids : []).map((id) => tables.fileOf(Number(id)));
    const relative = closedFilePath(input.plan.runId, deltaVersion, Number(part), attempt);
    await withScratchFile('closed.parquet', async (file, read) => {
      await connection.run(
        `COPY (${selectPart(tables, Number(part), files)}) TO ${quoteText(file)} (${FORMAT})`,
      );
      await widenZeroBounds(file);
      await createData(input.table, relative, read());
    });
    added.push({
      path: relative,
      partitionValues: {},
      size: (await input.table.head(relative))?.size ?? 0,
      modificationTime: Date.now(),
      dataChange: true,
      stats: JSON.stringify({ numRecords: Number(rows), tightBounds: true }),
      deletionVector: undefined,
    });
  }
  return added;
}

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { OffloadError, toOffloadError } from '@lance-offload/base';
import { dataFilePathOf, FILE, liveRows, loadDeletedRows, ROW, quoteText } from '@lance-offload/delta';
import { ROW_ID } from '@lance-offload/lancedb';
import {
  emptyRows,
  namesOf,
  parquetFolder,
  schemaWithRowId,
  type ComparedLake,
  type RowNames,
} from './compared-rows.ts';
import type { Hasher } from './hasher.ts';
import type { LakeTable } from './lake-table.ts';

const DELETED = 'deleted_rows';

/** A data file of the lake that has rows which count. */
export interface LakeFile {
  readonly id: number;
  readonly path: string;
  readonly rows: number;
}

/**
 * The lake's rows that count, but for their hashes, as the table `lake_places`: keys, `seq`, `rowid`, where they lie
 * (`file`, an index into the snapshot's files, and `row`), and whether the last run brought them (`fresh`).
 *
 * @returns the files they lie in.
 */
export async function createLakePlaces(
  connection: DuckDBConnection,
  names: RowNames,
  { place, snapshot }: ComparedLake,
): Promise<LakeFile[]> {
  const { files } = snapshot;
  if (files.length === 0) {
    await connection.run(
      `CREATE TABLE lake_places AS ${emptyRows(names, snapshot, ['NULL::INTEGER AS file', 'NULL::BIGINT AS "row"', 'NULL::BOOLEAN AS fresh'])}`,
    );
    return [];
  }
  const schema = schemaWithRowId(snapshot);
  await loadDeletedRows(connection, DELETED, place, files);
  const paths = files.map((file) => dataFilePathOf(place, file));
  await connection.run('CREATE TABLE lake_files (id INTEGER, path VARCHAR)');
  await connection.run(
    `INSERT INTO lake_files VALUES ${paths.map((file, id) => `(${id}, ${quoteText(file)})`).join(', ')}`,
  );
  const { primaryKeys, sequence, scope, scopeColumns = [], lastRun } = names;
  const columns = [
    ...new Set([
      ...primaryKeys,
      ...(sequence === undefined ? [] : [sequence]),
      ...scopeColumns,
      ROW_ID,
      '_run_id',
    ]),
  ];
  const live = liveRows(place, files, { deletedTable: DELETED, columns, schema });
  await connection.run(`CREATE TABLE lake_places AS
    SELECT ${namesOf(names, snapshot)}, f.id AS file, r.${ROW} AS "row", coalesce(r._run_id = ${quoteText(lastRun ?? '')}, false) AS fresh
    FROM (${live}) r JOIN lake_files f ON f.path = r.${FILE}${scope === undefined ? '' : ` WHERE ${scope}`}`);
  const result = await connection.runAndReadAll(
    'SELECT file, count(*)::BIGINT FROM lake_places GROUP BY file ORDER BY file',
  );
  return result
    .getRows()
    .map(([id, rows]) => ({ id: Number(id), path: paths[Number(id)] ?? '', rows: Number(rows) }));
}

/**
 * `lake_places` with the hashes of their rows (`hash`, `bits`), as the table `lake_rows`.
 *
 * @param folder where `rehashFile` has put them, if there are any.
 */
export async function createLakeRows(
  connection: DuckDBConnection,
  folder: string | undefined,
): Promise<void> {
  const hashes =
    folder === undefined
      ? '(SELECT 0 AS file, 0 AS "row", 0::BIGINT AS hash, 0::BIGINT AS bits WHERE false)'
      : parquetFolder(folder);
  await connection.run(
    `CREATE TABLE lake_rows AS SELECT p.*, h.hash, h.bits FROM lake_places p LEFT JOIN ${hashes} h ON h.file = p.file AND h."row" = p."row"`,
  );
  await connection.run('DROP TABLE lake_places');
}

async function findPlaces(
  { names, place, snapshot }: LakeTable,
  connection: DuckDBConnection,
): Promise<LakeFile[]> {
  try {
    return await createLakePlaces(connection, names, { place, snapshot });
  } catch (thrown) {
    const error = toOffloadError(thrown);
    if (error.code !== 'INTERNAL') throw error;
    const words = thrown instanceof Error ? thrown.message : String(thrown);
    const message = `The data files of ${place.locate('')} cannot be read: ${words}`;
    throw new OffloadError('LAKE_UNAVAILABLE', message, { path: place.locate('') }, { cause: thrown });
  }
}

/** What reading a lake table takes. */
interface LakeDeps {
  readonly connection: DuckDBConnection;
  readonly hasher: Hasher;
  /** A folder for the hashes, in one of their own. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Told after each file how many rows have been read. */
  readonly onRows: (rows: number, of: number) => void;
}

/**
 * Reads the rows of a lake table that count as the table `lake_rows`, with hashes of the values that lie in its files now:
 * their `_row_hash` tells what those were when they were written, and is over the columns there were then.
 *
 * @returns how many there are.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function readLake(lake: LakeTable, deps: LakeDeps): Promise<number> {
  const { connection, hasher, signal, onRows } = deps;
  const files = await findPlaces(lake, connection);
  const of = files.reduce((sum, { rows }) => sum + rows, 0);
  const folder = path.join(deps.folder, 'lake');
  await mkdir(folder);
  let done = 0;
  for (const { id, path: file, rows } of files) {
    signal.throwIfAborted();
    await hasher.hash({ file, id, columns: lake.selection.columns, to: path.join(folder, `${id}.parquet`) });
    done += rows;
    onRows(done, of);
  }
  await createLakeRows(connection, files.length > 0 ? folder : undefined);
  return of;
}

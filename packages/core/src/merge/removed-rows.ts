import type { MergeTables } from './merge-tables.ts';

type Removed = Pick<MergeTables, 'connection' | 'fileOf'>;

/** Room for the removed rows of each file. */
async function roomOf({ connection }: Removed): Promise<Map<number, Uint32Array>> {
  const counts = await connection.runAndReadAll(
    'SELECT file, count(*)::INTEGER FROM removed GROUP BY file ORDER BY file',
  );
  return new Map(counts.getRows().map(([file, rows]) => [Number(file), new Uint32Array(Number(rows))]));
}

/**
 * Positions of the rows that a merge removes, by the path of their file; ascending. Two queries, however many files
 * there are: the table has no index, and one query for each file would scan it as often. Besides what it returns, it
 * holds a chunk of DuckDB's.
 */
export async function readRemoved(tables: Removed): Promise<Map<string, Uint32Array>> {
  const rooms = await roomOf(tables);
  const rows = await tables.connection.stream(
    'SELECT file, "row"::UINTEGER FROM removed ORDER BY file, "row"',
  );
  let [current, at] = [-1, 0];
  for (let chunk = await rows.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await rows.fetchChunk()) {
    const [files, positions] = [chunk.getColumnValues(0), chunk.getColumnValues(1)];
    for (const [index, position] of positions.entries()) {
      const file = Number(files[index]);
      at = file === current ? at + 1 : 0;
      current = file;
      rooms.get(file)?.set([Number(position)], at);
    }
  }
  return new Map([...rooms].map(([file, positions]) => [tables.fileOf(file).path, positions]));
}

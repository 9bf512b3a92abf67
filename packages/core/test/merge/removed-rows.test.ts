import { expect, test, vi } from 'vitest';
import { withDuckDB } from '@lance-offload/delta';
import { readRemoved } from '../../src/merge/removed-rows.ts';

const FILES = 2000;
const ROWS = 60;

test('removed rows are read with two queries, however many files there are, each file’s in ascending order', async () => {
  await withDuckDB({}, async (connection) => {
    // Row 7 · n of file n, in no order; every third file has none.
    await connection.run(
      `CREATE TABLE removed AS SELECT file::INTEGER AS file, "row" FROM (
         SELECT f.range AS file, (r.range * 7 * (f.range + 1))::BIGINT AS "row"
         FROM range(${FILES}) f, range(${ROWS}) r WHERE f.range % 3 <> 0
       ) ORDER BY hash("row")`,
    );
    const queries = (['run', 'stream'] as const).map((name) => vi.spyOn(connection, name));
    const removed = await readRemoved({ connection, fileOf: (id) => ({ path: `file-${id}` }) });
    expect(queries.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);

    const expected = Array.from({ length: FILES }, (_, file) => file).filter((file) => file % 3 !== 0);
    expect([...removed.keys()]).toEqual(expected.map((file) => `file-${file}`));
    const wrong = expected.filter((file) => {
      const rows = Array.from({ length: ROWS }, (_, row) => row * 7 * (file + 1));
      return String(removed.get(`file-${file}`)) !== String(rows);
    });
    expect(wrong).toEqual([]);
  });
});

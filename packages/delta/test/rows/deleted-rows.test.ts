import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { expect, test as base } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { FILE, liveRows, loadDeletedRows, ROW } from '../../src/rows/deleted-rows.ts';
import { withDuckDB } from '../../src/duckdb/duckdb.ts';
import { inFolder } from '../../../base/test/in-folder.ts';
import { HandMadeTable, schemaOf } from '../hand-made-table.ts';

const DELETED = 'deleted_rows';

interface World {
  readonly table: HandMadeTable;
  readonly connection: DuckDBConnection;
  readonly rows: (sql: string) => Promise<unknown[][]>;
}

/** A table in a folder whose name a pattern or a partition could be read into, and a DuckDB. */
const test = base.extend<{ world: World }>({
  // oxlint-disable-next-line no-empty-pattern
  world: async ({}, use) => {
    await inFolder((folder) =>
      withDuckDB({}, async (connection) => {
        const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson();
        await use({
          table: new HandMadeTable(openStore(path.join(folder, "a=1 [x]*'", 't'))),
          connection,
          rows,
        });
      }),
    );
  },
});

const ids = (from: number, count: number) =>
  `SELECT range::INTEGER AS id, 'n' || range AS name FROM range(${from}, ${from + count})`;

test('rows are left out by their place in their file, over all row groups', async ({ world }) => {
  const { table, connection, rows } = world;
  const [a, b, c] = [
    await table.file('data/a b.parquet', ids(0, 10_000)),
    await table.file('data/b.parquet', ids(10_000, 10)),
    await table.file('data/c.parquet', ids(20_000, 3)),
  ];
  const deleted = [0, 2047, 2048, 5000, 9999];
  const files = [
    ...(await table.without([
      [a, deleted],
      [b, [3]],
    ])),
    c,
  ];
  await loadDeletedRows(connection, DELETED, table.store, files);
  const live = liveRows(table.store, files, { deletedTable: DELETED });
  expect(await rows(`SELECT count(*)::INT, count(DISTINCT id)::INT FROM (${live})`)).toEqual([
    [10_007, 10_007],
  ]);
  expect(
    await rows(`SELECT count(*)::INT FROM (${live}) WHERE id IN (0, 2047, 2048, 5000, 9999, 10003)`),
  ).toEqual([[0]]);
  expect(
    await rows(
      `SELECT ${FILE}, ${ROW}::INT, name FROM (${live}) WHERE id IN (2049, 10009, 20002) ORDER BY id`,
    ),
  ).toEqual([
    [path.join(table.folder, 'data/a b.parquet'), 2049, 'n2049'],
    [path.join(table.folder, 'data/b.parquet'), 9, 'n10009'],
    [path.join(table.folder, 'data/c.parquet'), 2, 'n20002'],
  ]);
});

test('a file may have lost all of its rows, or none that its vector names', async ({ world }) => {
  const { table, connection, rows } = world;
  const [all, none] = [
    await table.file('all.parquet', ids(0, 9)),
    await table.file('none.parquet', ids(9, 9)),
  ];
  const files = await table.without([
    [all, [...Array(9).keys()]],
    [none, []],
  ]);
  await loadDeletedRows(connection, DELETED, table.store, files);
  const live = liveRows(table.store, files, { deletedTable: DELETED, columns: ['id'] });
  expect(await rows(`SELECT count(*)::INT, min(id) FROM (${live})`)).toEqual([[9, 9]]);
});

test('files without a deletion vector are just read, and the others take one row of the table each', async ({
  world,
}) => {
  const { table, connection, rows } = world;
  const [a, b] = [await table.file('a.parquet', ids(0, 5)), await table.file('b.parquet', ids(5, 5))];
  expect(liveRows(table.store, [a, b], { deletedTable: DELETED })).not.toMatch(/JOIN/);
  const files = [a, ...(await table.without([[b, [0, 1, 2]]]))];
  await loadDeletedRows(connection, DELETED, table.store, files);
  expect(await rows(`SELECT file, deleted::VARCHAR FROM ${DELETED}`)).toEqual([
    [path.join(table.folder, 'b.parquet'), '11100000'],
  ]);
});

test('a file whose deletion vector is not loaded is refused, not read whole', async ({ world }) => {
  const { table, connection, rows } = world;
  const files = await table.without([[await table.file('a.parquet', ids(0, 5)), [0]]]);
  await loadDeletedRows(connection, DELETED, table.store, []);
  const live = liveRows(table.store, files, { deletedTable: DELETED });
  await expect(rows(`SELECT * FROM (${live})`)).rejects.toThrow(
    /deleted rows of .*a\.parquet are not loaded/,
  );
});

test('a thousand files with vectors are loaded, into a schema too', async ({ world }) => {
  const { table, connection, rows } = world;
  const file = await table.file('any.parquet', ids(0, 1));
  const files = await table.without(
    Array.from({ length: 1000 }, (_, index) => [{ ...file, path: `data/${index}.parquet` }, [index]]),
  );
  await connection.run('CREATE SCHEMA apart');
  await loadDeletedRows(connection, 'apart.marks', table.store, files);
  const wrong = `get_bit(deleted, regexp_extract(file, '(\\d+)\\.parquet', 1)::INT) <> 1 OR bit_count(deleted) <> 1`;
  expect(await rows(`SELECT count(*)::INT, count(*) FILTER (${wrong})::INT FROM apart.marks`)).toEqual([
    [1000, 0],
  ]);
});

test('with a schema, files are read in its columns and types, whatever their own are', async ({ world }) => {
  const { table, connection, rows } = world;
  const old = await table.file('old.parquet', `SELECT 1::INTEGER AS id, {'a': 1::INTEGER} AS s, 7 AS _rowid`);
  const now = await table.file(
    'now.parquet',
    `SELECT range + 5000000000 AS id, {'a': range, 'b': 'x'} AS s, [0.5::FLOAT] AS v FROM range(2)`,
  );
  const files = [old, ...(await table.without([[now, [0]]]))];
  await loadDeletedRows(connection, DELETED, table.store, files);
  const array = { type: 'array', elementType: 'float', containsNull: true } as const;
  const schema = schemaOf({ id: 'long', s: schemaOf({ a: 'long', b: 'string' }), v: array, new: 'date' });
  const live = liveRows(table.store, files, { deletedTable: DELETED, schema });
  expect(await rows(`SELECT * EXCLUDE (${FILE}, ${ROW}) FROM (${live}) ORDER BY id`)).toEqual([
    ['1', { a: '1', b: null }, null, null],
    ['5000000001', { a: '1', b: 'x' }, [0.5], null],
  ]);
  expect(() => liveRows(table.store, files, { deletedTable: DELETED, schema, columns: ['_rowid'] })).toThrow(
    TypeError,
  );
});

test('columns named like those of DuckDB’s readers are columns like any other', async ({ world }) => {
  const { table, connection, rows } = world;
  const clash = `SELECT 100 + range AS file_row_number, 'mine' AS filename, range AS file_index, 'q' AS "a "" b" FROM range(3)`;
  const files = await table.without([[await table.file('clash.parquet', clash), [1]]]);
  await loadDeletedRows(connection, DELETED, table.store, files);
  const schema = schemaOf({
    file_row_number: 'long',
    filename: 'string',
    file_index: 'long',
    'a " b': 'string',
  });
  const live = liveRows(table.store, files, {
    deletedTable: DELETED,
    schema,
    columns: ['file_row_number', 'filename', 'a " b'],
  });
  expect(await rows(`SELECT ${ROW}, * EXCLUDE (${FILE}, ${ROW}) FROM (${live}) ORDER BY ALL`)).toEqual([
    ['0', '100', 'mine', 'q'],
    ['2', '102', 'mine', 'q'],
  ]);
  // Without a schema the row's number would be the column's: refused, never mistaken.
  const blind = liveRows(table.store, files, { deletedTable: DELETED });
  await expect(rows(`SELECT * FROM (${blind})`)).rejects.toThrow(/file_row_number/);
});

test('without a schema, files whose columns differ are matched by name', async ({ world }) => {
  const { table, connection, rows } = world;
  const [a, b] = [
    await table.file('a.parquet', 'SELECT 1::INTEGER AS id'),
    await table.file('b.parquet', `SELECT 'x' AS filename, range + 5000000000 AS id FROM range(2)`),
  ];
  const files = [a, ...(await table.without([[b, [1]]]))];
  await loadDeletedRows(connection, DELETED, table.store, files);
  const live = liveRows(table.store, files, { deletedTable: DELETED });
  expect(await rows(`SELECT id, filename FROM (${live}) ORDER BY id`)).toEqual([
    ['1', null],
    ['5000000000', 'x'],
  ]);
});

test('there is nothing to select from no files', () => {
  expect(() => liveRows(openStore('/lake/t'), [], { deletedTable: DELETED })).toThrow(RangeError);
});

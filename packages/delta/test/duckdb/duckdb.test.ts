import { expect, test } from 'vitest';
import { withDuckDB } from '../../src/duckdb/duckdb.ts';

type Work<T> = Parameters<typeof withDuckDB<T>>[1];

const run = <T>(work: Work<T>) => withDuckDB({}, work);
const names = () =>
  run(async (connection) =>
    (
      await connection.runAndReadAll(
        'SELECT table_name FROM duckdb_tables() UNION ALL SELECT database_name FROM duckdb_databases() WHERE NOT internal ORDER BY 1',
      )
    )
      .getRows()
      .flat(),
  );

test('what one work makes, the next one does not find', async () => {
  await run((connection) => connection.run('CREATE TABLE mine AS SELECT 1'));
  await run((connection) => connection.run('CREATE TEMP TABLE hidden AS SELECT 1'));
  expect(await names()).toEqual(['memory', 'work']);
});

test('a work that fails, or leaves a database attached, spoils nothing for the next one', async () => {
  await expect(run((connection) => connection.run('SELECT * FROM nowhere'))).rejects.toThrow(/nowhere/);
  await run((connection) => connection.run("ATTACH ':memory:' AS lake"));
  expect(await names()).toEqual(['memory', 'work']);
});

test('works at the same time have a database each', async () => {
  const both = await Promise.all(
    [1, 2].map((value) =>
      run(async (connection) => {
        await connection.run(`CREATE TABLE mine AS SELECT ${value} AS value`);
        return (await connection.runAndReadAll('SELECT value FROM mine')).getRows();
      }),
    ),
  );
  expect(both).toEqual([[[1]], [[2]]]);
});

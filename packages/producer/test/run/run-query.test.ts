import { expect } from 'vitest';
import { withDuckDB } from '@lance-offload/delta';
import { commitRun, type Staging } from '@lance-offload/core';
import { planOf, stageRun, test } from '../../../core/test/lake-fixture.ts';
import { runQuery } from '../../src/run/run-query.ts';

async function lakeOf(staging: Staging, tables: readonly string[]): Promise<void> {
  for (const destination of tables) {
    const plan = planOf({ destination, sourceRows: 2 });
    await stageRun(plan, staging);
    await commitRun(plan, staging);
  }
}

const rowsOf = (sql: string, staging: Staging): Promise<unknown> =>
  withDuckDB({}, async (connection) => (await runQuery(sql, connection, { staging })).getRowsJson());

test('a table that is misspelled beside one that is not is proposed by the name of a table', async ({
  staging,
}) => {
  await lakeOf(staging, ['docs', 'people']);
  await expect(rowsOf('SELECT count(*) FROM docs, peopel', staging)).rejects.toThrow(
    'Did you mean "people"?',
  );
  expect(await rowsOf('SELECT count(*) FROM docs, people', staging)).toEqual([['4']]);
});

test('of several statements none is run twice, whatever DuckDB does not know', async ({ staging }) => {
  await lakeOf(staging, ['docs', 'people']);
  await withDuckDB({}, async (connection) => {
    await connection.run('CREATE TABLE kept (id INTEGER)');
    const sql = 'INSERT INTO kept VALUES (1); FROM docs, peopel';
    await expect(runQuery(sql, connection, { staging })).rejects.toThrow(/peopel does not exist/);
    expect((await connection.runAndReadAll('FROM kept')).getRowsJson()).toEqual([[1]]);
  });
});

import { writeFile } from 'node:fs/promises';
import * as arrow from 'apache-arrow';
import path from 'node:path';
import { expect } from 'vitest';
import { commitRun } from '../../src/lake/commit-run.ts';
import { withDuckDB } from '../../src/lake/duckdb.ts';
import { LakePaths } from '../../src/lake/paths.ts';
import { Staging } from '../../src/lake/staging.ts';
import { duckdbTypeOf, refreshDatabase } from '../../src/lake/views.ts';
import { deltaField } from '../../src/plan/lake-type.ts';
import { column, float32, float64, rowIds } from '../arrow-bodies.ts';
import { inFolder } from '../read-parquet.ts';
import { planOf, stageRun, test } from './lake-fixture.ts';

async function query(staging: Staging, sql: string): Promise<unknown[][]> {
  return withDuckDB({ file: staging.paths.database }, async (connection) =>
    (await connection.runAndReadAll(sql)).getRowsJson(),
  );
}

const vectorOf = (item: arrow.Data) =>
  arrow.makeData({
    type: new arrow.FixedSizeList(2, new arrow.Field('item', item.type, true)),
    length: 1,
    nullCount: 0,
    child: item,
  });

const lance = (type: string) => ({ type: 'fixed_size_list', length: 2, fields: [column('item', type)] });

test('vectors are arrays of their length and of the source’s own precision', async ({ staging }) => {
  const plan = planOf({
    sourceRows: 1,
    columns: [column('f', lance('float')), column('d', lance('double'))],
  });
  await stageRun(plan, staging, (offset, count) => ({
    f: vectorOf(float32([0.5, 1])),
    d: vectorOf(float64([0.1, 1])),
    _rowid: rowIds(offset, count),
  }));
  await commitRun(plan, staging);
  const [row] = await query(
    staging,
    'SELECT typeof(f), typeof(d), d[1] = 0.1::DOUBLE, array_distance(f, [0.5, 1]::FLOAT[2]) FROM documents',
  );
  expect(row).toEqual(['FLOAT[2]', 'DOUBLE[2]', true, 0]);
});

test('a lake whose path holds characters of patterns, quotes and partitions is read like any other', async () => {
  await inFolder(async (folder) => {
    const staging = new Staging(new LakePaths(path.join(folder, "id=7 [1-2]*'", 'lake')));
    await stageRun(planOf(), staging);
    expect(await commitRun(planOf(), staging)).toMatchObject({ verified: true, lakeRows: 25 });
    expect(await query(staging, 'SELECT sum(id)::INT FROM documents')).toEqual([[300]]);
  });
});

for (const name of ['l*', 'l[x]']) {
  test(`a lake in a folder ${name} holds no rows of the folder that name would match as a pattern`, async () => {
    await inFolder(async (folder) => {
      const lakes = [name, 'lx'].map((lake) => new Staging(new LakePaths(path.join(folder, lake))));
      for (const staging of lakes) await stageRun(planOf(), staging);
      for (const staging of lakes) expect(await commitRun(planOf(), staging)).toMatchObject({ lakeRows: 25 });
      for (const staging of lakes) {
        expect(await query(staging, 'SELECT count(*)::INT FROM documents')).toEqual([[25]]);
      }
    });
  });
}

test('the database shows every published table, and none that is only staged', async ({ staging }) => {
  await stageRun(planOf(), staging);
  await commitRun(planOf(), staging);
  await stageRun(planOf({ destination: 'staged' }), staging);
  await refreshDatabase(staging);
  expect(await query(staging, 'SELECT view_name FROM duckdb_views() WHERE NOT internal')).toEqual([
    ['documents'],
  ]);
});

test('a damaged table does not keep another from being published', async ({ staging }) => {
  const damaged = planOf({ destination: 'damaged' });
  await stageRun(damaged, staging);
  await commitRun(damaged, staging);
  const log = path.join(staging.paths.table('damaged'), '_delta_log', '00000000000000000000.json');
  await writeFile(log, 'not a log entry');
  await stageRun(planOf(), staging);
  expect(await commitRun(planOf(), staging)).toMatchObject({ verified: true });
  expect(await query(staging, 'SELECT view_name FROM duckdb_views() WHERE NOT internal')).toEqual([
    ['documents'],
  ]);
});

test('each Delta type has its DuckDB type, nested ones too', () => {
  const struct = { type: 'struct', fields: [deltaField('a "b"', 'decimal(20,0)')] } as const;
  expect(
    duckdbTypeOf({
      type: 'map',
      keyType: 'string',
      valueType: { type: 'array', elementType: struct, containsNull: true },
      valueContainsNull: true,
    }),
  ).toBe('MAP(VARCHAR, STRUCT("a ""b""" DECIMAL(20,0))[])');
});

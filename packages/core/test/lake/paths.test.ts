import path from 'node:path';
import { expect, test } from 'vitest';
import { dataFilePath, decodeTableName, encodeTableName, LakePaths, pageName } from '../../src/lake/paths.ts';
import { expectCode } from '../../../base/test/expect-code.ts';

const NAMES = [
  'documents',
  '../x',
  '..',
  '.',
  'a/b',
  String.raw`a\b`,
  '日本',
  'a b',
  'CON',
  '100%',
  '%2e%2e',
  '~',
  '-rf',
  '\0',
  'a$b',
  'a.b',
  '...',
  'schema.table',
  '_delta_log',
];

test.for(NAMES)('a table named %j stays inside the lake, under a name that leads back to it', (name) => {
  const paths = new LakePaths('/lake');
  const folder = paths.table(name);
  expect(path.dirname(path.resolve(folder))).toBe('/lake/tables');
  expect(path.basename(folder)).toMatch(/^[A-Za-z0-9_%-][A-Za-z0-9_.%-]*$/);
  expect(decodeTableName(path.basename(folder))).toBe(name);
});

test('different names have different folders', () => {
  expect(new Set(NAMES.map(encodeTableName)).size).toBe(NAMES.length);
});

test('a name too long for a folder, or empty, is refused', () => {
  expect(encodeTableName('x'.repeat(255))).toHaveLength(255);
  expectCode(() => encodeTableName('x'.repeat(300)), 'CONFIG_INVALID', /destination_table to a shorter one/);
  expectCode(() => encodeTableName('日'.repeat(29)), 'CONFIG_INVALID');
  expectCode(() => encodeTableName(''), 'CONFIG_INVALID');
});

test.for(['100%', 'lost+found', '.hidden', 'a%2Eb', '%41', '%zz', '', '%2e'])(
  'a folder no table has, %j, is nobody’s',
  (folder) => {
    expect(decodeTableName(folder)).toBeUndefined();
  },
);

test('files of a run lie where the layout says', () => {
  const paths = new LakePaths('/lake');
  expect(paths.database).toBe('/lake/lake.duckdb');
  expect(paths.plan('t', 'run')).toBe('/lake/tables/t/_offload/run/plan.json');
  expect(paths.report('t', 'run')).toBe('/lake/tables/t/_offload/run/report.json');
  expect(paths.receipt('t', 'run', 12)).toBe('/lake/tables/t/_offload/run/receipts/page-000012.json');
  expect([dataFilePath('run', 12, 0, 'a1'), dataFilePath('run', 12, 3, 'a1')]).toEqual([
    'data/run/page-000012.a1.parquet',
    'data/run/page-000012-3.a1.parquet',
  ]);
  expect(pageName(1_234_567)).toBe('page-1234567');
});

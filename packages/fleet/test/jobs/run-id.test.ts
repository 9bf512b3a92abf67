import { expect, test } from 'vitest';
import { isRunId, newRunId } from '@lance-offload/core';
import { commitJobId, pageJobId, planJobId } from '../../src/jobs/queues.ts';

const AT = new Date(Date.UTC(2026, 10, 22, 10, 15, 0, 123));

test('a run id names its table and its time', () => {
  expect(newRunId('documents', AT, '7f3a')).toBe('documents-20261122T101500Z-7f3a');
  expect(newRunId('documents', AT)).toMatch(/^documents-20261122T101500Z-[0-9a-f]{4}$/);
});

test('run ids of tables whose names become one slug differ, whenever they begin', () => {
  const names = ['日本', '中国', `${'x'.repeat(60)}a`, `${'x'.repeat(60)}b`, 'my_table', 'my-table-2'];
  expect(new Set(names.map((name) => newRunId(name, AT, '7f3a'))).size).toBe(names.length);
});

test('run ids of a table sort by time', () => {
  const ids = [2027, 2026, 2030].map((year) => newRunId('t', new Date(Date.UTC(year, 0, 1))));
  expect(ids.toSorted().map((id) => id.slice(2, 6))).toEqual(['2026', '2027', '2030']);
});

test.for(['../x', '.', '日本', 'a:b/c d', 'x'.repeat(300), '123', '---'])(
  'a run of a table named %j has an id that is safe as a file name and a job id',
  (table) => {
    const id = newRunId(table, AT);
    expect(isRunId(id)).toBe(true);
    expect(id.length).toBeLessThanOrEqual(64);
    for (const job of [planJobId(id), commitJobId(id), pageJobId(id, 3)])
      expect(job).toMatch(/^[A-Za-z0-9.-]+$/);
  },
);

test.for([
  '',
  '../../etc',
  'documents',
  'documents-20261122T101500Z-7f3a/..',
  'documents-20261122T101500Z-7f3a\n',
  'x/documents-20261122T101500Z-7f3a',
])('%j is no run id', (text) => {
  expect(isRunId(text)).toBe(false);
});

import { expect } from 'vitest';
import type { RunPlan } from '@lance-offload/core';
import { test } from '../../core/test/lake-fixture.ts';
import { offloadTable, type Row, type Types } from '../../core/test/merge/typed-table.ts';
import { compareLake, kindsOf } from './compared-lake.ts';

const TYPES: Types = { at: 'int64', text: 'string' };
const APPEND: Partial<RunPlan> = { ingestionType: 'APPEND_ONLY', primaryKeys: [], sequenceBy: null };
const CURSOR: Partial<RunPlan> = { ...APPEND, cursorField: 'at' };

const row = (at: number | null, text: string): Row => ({ at: at === null ? null : BigInt(at), text });
const table = (rows: readonly Row[]) => ({ types: TYPES, rows });
const TWINS = [row(1, 'a'), row(1, 'a'), row(2, 'b'), row(1, 'a'), row(3, 'c')];

test('rows are compared as often as they stand there, those of the last run only', async ({ staging }) => {
  await offloadTable(staging, table([row(7, 'of an earlier run')]), APPEND);
  await offloadTable(staging, table(TWINS), APPEND);
  expect(kindsOf(await compareLake(staging, table(TWINS)))).toEqual({});
  expect(kindsOf(await compareLake(staging, table([...TWINS, row(1, 'a')])))).toEqual({ missing: [5] });
  expect(kindsOf(await compareLake(staging, table(TWINS.slice(0, 3))))).toEqual({ extra: [3, 4] });
  expect(kindsOf(await compareLake(staging, table([])))).toEqual({ extra: [0, 1, 2, 3, 4] });
});

test('a row with other content is told by its row id, also among rows that are all the same', async ({
  staging,
}) => {
  await offloadTable(staging, table(TWINS), APPEND);
  const changed = (at: number) => table(TWINS.with(at, row(9, 'changed')));
  for (const at of [0, 1, 2, 3])
    expect(kindsOf(await compareLake(staging, changed(at)))).toEqual({ different: [at] });
  // The same rows under other row ids are the same rows.
  expect(kindsOf(await compareLake(staging, table(TWINS.toReversed())))).toEqual({});
});

test('the place of a row in the lake is told', async ({ staging }) => {
  await offloadTable(staging, table(TWINS), APPEND);
  const { extra } = await compareLake(staging, table(TWINS.slice(0, 4)));
  expect(extra).toMatchObject({ count: 1, shown: [{ key: { _rowid: '4' }, row: 1 }] });
  expect(extra.shown[0]?.file).toMatch(/^data\/documents-.*\/page-000001\.\w+\.parquet$/);
});

test('with a cursor every row of the source has to be in the lake; what the lake has beside was changed or deleted since', async ({
  staging,
}) => {
  await offloadTable(staging, table([...TWINS, row(null, 'n')]), CURSOR);
  const later = [row(3, 'c'), row(3, 'd'), row(4, 'e'), row(null, 'n')];
  expect(await offloadTable(staging, table(later), { ...CURSOR, cursorFrom: '3' })).toMatchObject({
    rows: { unchanged: 2 },
  });
  const source = [...TWINS, row(3, 'd'), row(4, 'e'), row(null, 'n')];
  expect(kindsOf(await compareLake(staging, table(source)))).toEqual({});
  expect(kindsOf(await compareLake(staging, table(source.slice(2))))).toEqual({ past: [2] });
  const backdated = await compareLake(staging, table([...source, row(2, 'backdated'), row(1, 'a')]));
  expect(kindsOf(backdated)).toEqual({ missing: [8, 9] });
  expect(backdated.missing.shown[0]).toEqual({ key: { _rowid: '8' }, sourceSequence: '2' });
});

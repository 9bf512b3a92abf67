import { expect } from 'vitest';
import type { RunPlan } from '@lance-offload/core';
import { test } from '../../core/test/lake-fixture.ts';
import { offloadTable, type Row, type Types } from '../../core/test/merge/typed-table.ts';
import { compareLake, kindsOf } from './compared-lake.ts';

const KEYED: Partial<RunPlan> = {
  ingestionType: 'SCD_TYPE_1',
  primaryKeys: ['id'],
  sequenceBy: 'at',
  cursorField: 'at',
};
const MODES: readonly Partial<RunPlan>[] = [
  KEYED,
  { ...KEYED, ingestionType: 'SCD_TYPE_2' },
  { ingestionType: 'APPEND_ONLY', cursorField: 'at' },
];
const THREE: Types = { id: 'int64', at: 'int64', note: 'string' };
const TWO: Types = { id: 'int64', at: 'int64' };

const rowsOf = (ids: readonly number[], more: (id: number) => Row = () => ({})): Row[] =>
  ids.map((id) => ({ id: BigInt(id), at: BigInt(id), ...more(id) }));

for (const mode of MODES) {
  const { ingestionType } = mode;

  test(`${ingestionType}: a column the source has lost is no difference in rows from before, which keep it`, async ({
    staging,
  }) => {
    await offloadTable(
      staging,
      { types: THREE, rows: rowsOf([1, 2, 3], (id) => ({ note: `note ${id}` })) },
      mode,
    );
    await offloadTable(staging, { types: TWO, rows: rowsOf([3, 4]) }, { ...mode, cursorFrom: '3' });
    expect(kindsOf(await compareLake(staging, { types: TWO, rows: rowsOf([1, 2, 4]) }))).toEqual(
      ingestionType === 'APPEND_ONLY' ? { past: [2] } : { gone: [3] },
    );
    expect(
      kindsOf(await compareLake(staging, { types: TWO, rows: [...rowsOf([1, 3, 4]), { id: 2n, at: 1n }] })),
    ).toEqual(ingestionType === 'APPEND_ONLY' ? { missing: [3], past: [2] } : { newer: [2] });
  });

  test(`${ingestionType}: a column the source has got is no difference where it is null, and one where it is not`, async ({
    staging,
  }) => {
    await offloadTable(staging, { types: TWO, rows: rowsOf([1, 2, 3]) }, mode);
    await offloadTable(
      staging,
      { types: THREE, rows: rowsOf([3, 4], (id) => ({ note: id === 4 ? 'x' : null })) },
      { ...mode, cursorFrom: '3' },
    );
    const rows = (notes: Readonly<Record<number, string>>) =>
      rowsOf([1, 2, 3, 4], (id) => ({ note: notes[id] ?? null }));
    expect(kindsOf(await compareLake(staging, { types: THREE, rows: rows({ 4: 'x' }) }))).toEqual({});
    expect(kindsOf(await compareLake(staging, { types: THREE, rows: rows({ 2: 'late', 4: 'x' }) }))).toEqual(
      ingestionType === 'APPEND_ONLY' ? { missing: [1], past: [1] } : { different: [2] },
    );
  });

  test(`${ingestionType}: a widened column is compared by its values`, async ({ staging }) => {
    const narrow: Types = { id: 'int32', at: 'float', price: 'decimal:128:6:2' };
    const wide: Types = { id: 'int64', at: 'double', price: 'decimal:128:12:4' };
    const old = [1, 2, 3].map((id) => ({ id, at: id + 0.1, price: BigInt(id * 100 + 5) }));
    await offloadTable(staging, { types: narrow, rows: old }, mode);
    const now = old.map((row) => ({ id: BigInt(row.id), at: Math.fround(row.at), price: row.price * 100n }));
    const later = [{ id: 9n, at: 9.1, price: 12_345_678n }];
    await offloadTable(staging, { types: wide, rows: later }, { ...mode, cursorFrom: '3.0999999046325684' });
    expect(kindsOf(await compareLake(staging, { types: wide, rows: [...now, ...later] }))).toEqual({});
  });
}

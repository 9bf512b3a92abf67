import * as arrow from 'apache-arrow';
import { expect, test } from 'vitest';
import { cutOf, lakeTypeOf } from '@lance-offload/delta';
import { arrowTypeOf } from '@lance-offload/lancedb';
import { transformPage } from '../../src/stage/transform-page.ts';
import { transformOf } from '../../src/plan/page-scan.ts';
import { bodyOf, column, int64, nulls, rowIds } from '../../../lancedb/test/arrow-bodies.ts';
import { expectCode } from '../../../base/test/expect-code.ts';
import { planOf } from '../lake-fixture.ts';
import { SAMPLES } from '../type-samples.ts';

function longs(lance: string, values: readonly (bigint | null)[]): arrow.Data {
  return arrow.makeData({
    type: arrowTypeOf({ type: lance }) as arrow.TimestampNanosecond,
    ...nulls(values.map((value) => value !== null)),
    data: BigInt64Array.from(values, (value) => value ?? 1n), // rubbish under a null
  });
}

function dictionaryOf(values: arrow.Data, indices: readonly number[]): arrow.Data {
  return arrow.makeData({
    type: new arrow.Dictionary(values.type, new arrow.Int32(), 1, false),
    length: indices.length,
    nullCount: 0,
    data: Int32Array.from(indices),
    dictionary: new arrow.Vector([values]),
  });
}

const KEYED = planOf({ ingestionType: 'SCD_TYPE_2', primaryKeys: ['k'], sequenceBy: 'seq' });
const DAY = 86_400_000n;
const CASES = [
  {
    lance: 'timestamp:ns:-',
    exact: [1000n, -1000n, null],
    cut: [0n, -1n],
    shown: '1969-12-31T23:59:59.999999999',
  },
  { lance: 'timestamp:ns:UTC', exact: [null, 0n], cut: [1n], shown: '1970-01-01T00:00:00.000000001Z' },
  {
    lance: 'timestamp:ns:Europe/Berlin',
    exact: [0n],
    cut: [1000n, 1001n],
    shown: '1970-01-01T00:00:00.000001001Z',
  },
  { lance: 'time64:ns', exact: [1000n, 0n], cut: [3_661_000_000_500n], shown: '01:01:01.000000500' },
  { lance: 'date64:ms', exact: [DAY, -DAY, 0n], cut: [DAY, -1n], shown: '1969-12-31T23:59:59.999Z' },
] as const;

function transform(name: 'k' | 'seq', data: arrow.Data, lance: string, scan: 'rows' | 'keys' = 'rows') {
  const rows = data.length;
  const others = {
    k: int64(Array.from({ length: rows }, () => 1n)),
    seq: int64(Array.from({ length: rows }, () => 1n)),
  };
  const columns = [
    column('k', name === 'k' ? lance : 'int64'),
    column('seq', name === 'seq' ? lance : 'int64'),
  ];
  const body = bodyOf([{ ...others, [name]: data, _rowid: rowIds(70, rows) }]);
  return transformPage({ ...transformOf({ ...KEYED, columns }, { scan }), bodies: [body] });
}

test.for(CASES)(
  'a key or sequence of type $lance may have no value that the lake cuts',
  ({ lance, exact, cut, shown }) => {
    const row = cut.length - 1;
    for (const name of ['k', 'seq'] as const) {
      expect(transform(name, longs(lance, exact), lance).rows).toBe(exact.length);
      const error = expectCode(
        () => transform(name, longs(lance, cut), lance),
        'KEY_INEXACT',
        new RegExp(`^\\[KEY_INEXACT\\] Column "${name}" tells rows apart`),
      );
      expect(error.details).toEqual({ column: name, sample: [`_rowid ${70 + row} (${name}=${shown})`] });
      expect(error.message).not.toContain(shown);
    }
    expectCode(() => transform('k', longs(lance, cut), lance, 'keys'), 'KEY_INEXACT');
  },
);

test('the values of a dictionary are looked at where rows have them', () => {
  const lance = 'dict:timestamp:ns:-:int32:false';
  const values = longs('timestamp:ns:-', [1000n, 1001n, 2000n]);
  expect(transform('k', dictionaryOf(values, [0, 2, 0]), lance).rows).toBe(3);
  const error = expectCode(() => transform('k', dictionaryOf(values, [0, 2, 1]), lance), 'KEY_INEXACT');
  expect(error.details.sample).toEqual(['_rowid 72 (k=1970-01-01T00:00:00.000001001)']);
});

test('other columns are cut as ever, and so are cursors under APPEND_ONLY', () => {
  const lance = 'timestamp:ns:-';
  const columns = [column('k', lance)];
  const body = bodyOf([{ k: longs(lance, [1n]), _rowid: rowIds(0, 1) }]);
  const plan = planOf({ columns, cursorField: 'k' });
  expect(transformPage({ ...transformOf(plan, { scan: 'rows' }), bodies: [body] }).rows).toBe(1);
});

test('every type of the type table that is cut, and no other, is known as one', () => {
  for (const { lance } of SAMPLES) {
    const type = arrowTypeOf(lance);
    const notes = type && lakeTypeOf(type)?.notes;
    expect([lance.type, type && cutOf(type) !== undefined]).toEqual([lance.type, notes && notes.length > 0]);
  }
});

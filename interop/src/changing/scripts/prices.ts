import {
  bool,
  float64,
  int32,
  int64,
  list,
  struct,
  utf8,
  vector,
  wallClock,
} from '../../../../examples/quickstart/src/columns.ts';
import { arrow } from '../../arrow.ts';
import type { ColumnTypes, Row } from '../arrow-rows.ts';
import { scd2Model } from '../scd2-model.ts';
import { rowsOf, scattered, secondsAfterStart, vectorFor, type Script } from './script.ts';

const { Map_: ArrowMap } = arrow;

const KEYS = ['code', 'day'];
const DAY_MS = 86_400_000;

const entries = new arrow.Struct([
  new arrow.Field('key', utf8, false),
  new arrow.Field('value', int32, true),
]);

/** Types of every sort SCD keeps, since DuckDB copies closed rows; binary ones are left out under SCD. */
const NARROW: ColumnTypes = {
  code: utf8,
  day: new arrow.DateDay(),
  small: new arrow.Int8(),
  ratio: new arrow.Float32(),
  amount: new arrow.Decimal(2, 10, 128),
  flag: bool,
  big: new arrow.Uint64(),
  half: new arrow.Float16(),
  wall: wallClock,
  time: new arrow.TimeMicrosecond(),
  lasted: new arrow.DurationMillisecond(),
  tags: list(utf8),
  parts: list(struct({ name: utf8, sizes: list(float64) })),
  maker: struct({ name: utf8, place: struct({ city: utf8, since: int64 }) }),
  labels: new ArrowMap(new arrow.Field('entries', entries, false)),
  vector: vector(4),
};
const WIDE: ColumnTypes = { ...NARROW, small: int32, ratio: float64, amount: new arrow.Decimal(4, 20, 128) };
const withNote: ColumnTypes = { ...WIDE, note: utf8 };
const { flag: _, ...withoutFlag } = withNote;

function price(number: number, revision = 0): Row {
  const isBare = number % 9 === 0;
  return {
    code: ['A', 'é', '', "q'uote"][number % 4],
    day: new Date(Math.floor(number / 4) * DAY_MS),
    small: (number % 200) - 100,
    ratio: isBare ? Number.NaN : Math.fround(number / 7),
    amount: `${scattered(number, 1000)}.${10 + revision}`,
    flag: number % 3 === 0,
    big: 2n ** 64n - 1n - BigInt(number),
    half: (number % 64) / 4,
    wall: secondsAfterStart(number) + 1n,
    time: BigInt(number) * 1_000_001n,
    lasted: BigInt(number - 500),
    tags: isBare ? null : [`tag ${number % 3}`, null, ''].slice(0, number % 4),
    parts: isBare ? [] : [{ name: `part ${number}`, sizes: [number / 2, null] }],
    maker: { name: `maker ${number % 11}`, place: { city: isBare ? null : 'Köln', since: BigInt(number) } },
    labels: new Map([
      ['a', number],
      ['b', null],
    ]),
    vector: vectorFor(number),
  };
}

const wide = (number: number): Row => ({
  ...price(number, 2),
  small: 100_000 + number,
  ratio: 0.1,
  amount: '123456789012.3456',
});
const without = (rows: readonly Row[]): Row[] => rows.map(({ flag: _flag, ...row }) => row);

/** SCD_TYPE_2 by the source's version: the table is written anew each time, and what differs is a new version. */
export const prices: Script = {
  name: 'prices',
  options: { ingestion_type: 'SCD_TYPE_2', primary_keys: KEYS },
  columns: NARROW,
  model: scd2Model({ keys: KEYS }),
  bounds: int64,
  filters: [
    { sql: 'small >= 90', takes: ({ small }) => Number(small) >= 90 },
    { sql: '__END_AT IS NULL', takes: (row) => row['__END_AT'] === null },
  ],
  nullsInViews: ['tags'],
  mirrorsSource: true,
  steps: [
    (table) => table.rewrite(rowsOf(1500, price)),
    (table) =>
      table.rewrite([
        ...rowsOf(1400, (number) => price(number, number % 3 === 0 ? 1 : 0)),
        ...rowsOf(50, price, 1500),
      ]),
    (table) =>
      table.rewrite(
        [
          ...rowsOf(1300, (number) => price(number, number % 3 === 0 ? 1 : 0)),
          ...rowsOf(60, (number) => ({ ...wide(number), note: `note ${number}` }), 1300),
          ...rowsOf(30, price, 1400), // gone, and back
        ],
        withNote,
      ),
    (table) => table.rewrite(without(table.state.rows).toSpliced(700, 20), withoutFlag),
    (table) => table.rewrite(rowsOf(1450, price), NARROW), // as in the beginning, and narrower than the lake
  ],
};

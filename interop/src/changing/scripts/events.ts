import { arrow } from '../../arrow.ts';
import { instant, int32, int64, utf8, vector } from '../../../../examples/quickstart/src/columns.ts';
import { appendModel } from '../append-model.ts';
import type { Row } from '../arrow-rows.ts';
import { rowsOf, scattered, secondsAfterStart, vectorFor, type Script } from './script.ts';

/** Three events a second. */
function event(id: number, at = secondsAfterStart(Math.floor(id / 3))): Row {
  return {
    id: BigInt(id),
    at,
    kind: ['click', 'naïve 🎻', '', 'it’s'][id % 4],
    amount: scattered(id, 60_000) - 30_000,
    vector: vectorFor(id),
  };
}

const withoutTime = (id: number): Row => ({ ...event(id), at: null });

/** Before this one lies everything the first run reads. */
const LAST = secondsAfterStart(20_000);
const LATER = secondsAfterStart(30_000);
/** Rows at the cursor itself: what the next run reads again and must not append again. */
const atCursor = (count: number, from: number, at: bigint) => rowsOf(count, (id) => event(id, at), from);

/** APPEND_ONLY by a cursor. Its deletion vectors are on fresh files: rows at the cursor that the lake has already. */
export const events: Script = {
  name: 'events',
  options: { cursor_field: 'at' },
  columns: { id: int64, at: instant, kind: utf8, amount: new arrow.Int16(), vector: vector(4) },
  model: appendModel('at'),
  filters: [
    { sql: 'amount >= 20000', takes: ({ amount }) => Number(amount) >= 20_000 },
    { sql: 'id < 100', takes: ({ id }) => Number(id) < 100 },
  ],
  mirrorsSource: false,
  steps: [
    (table) =>
      table.rewrite([
        ...rowsOf(10_000, event),
        ...atCursor(600, 10_000, LAST),
        ...rowsOf(80, withoutTime, 11_000),
        // Twice, thrice, and twice the same row.
        ...atCursor(20, 10_000, LAST),
        ...atCursor(10, 10_000, LAST),
        ...rowsOf(20, event),
        ...rowsOf(5, withoutTime, 11_000),
      ]),
    async (table) => {
      await table.remove({ sql: 'id < 100', takes: ({ id }) => Number(id) < 100 });
      await table.add([
        ...atCursor(50, 20_000, LAST),
        ...atCursor(15, 10_015, LAST), // five of them a third time, the others a second
        ...rowsOf(30, withoutTime, 21_000),
        ...rowsOf(40, event, 300), // before the cursor: not seen until `--full`
        ...rowsOf(2000, (id) => event(id, LAST + BigInt(id)), 22_000),
      ]);
    },
    async (table) => {
      await table.widen({ amount: int32 });
      await table.addColumn('note', utf8);
      await table.add([
        ...rowsOf(700, (id) => ({ ...event(id, LATER), amount: 70_000 + id, note: `note ${id}` }), 30_000),
        ...rowsOf(7, (id) => ({ ...withoutTime(id), note: 'without time' }), 31_000),
      ]);
    },
    (table) =>
      table.add([
        ...rowsOf(300, (id) => ({ ...event(id, LATER), note: null }), 40_000),
        ...rowsOf(200, (id) => ({ ...event(id, LATER), amount: 70_000 + id, note: `note ${id}` }), 30_100),
        ...rowsOf(100, (id) => event(id, LATER + BigInt(id)), 41_000),
      ]),
    (table) => table.add(rowsOf(10, event, 50_000)),
  ],
};

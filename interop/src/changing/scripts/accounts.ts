import { int64, utf8, wallClock } from '../../../../examples/quickstart/src/columns.ts';
import { arrow } from '../../arrow.ts';
import type { Row } from '../arrow-rows.ts';
import { scd1Model } from '../scd1-model.ts';
import { rowsOf, scattered, secondsAfterStart, type Script } from './script.ts';

const decimal = (precision: number, scale: number) => new arrow.Decimal(scale, precision, 128);

/** A row of a log: account, moment, state. */
function account(id: number, seconds: number | null, revision = 0): Row {
  return {
    id: BigInt(id),
    changed: seconds === null ? null : secondsAfterStart(seconds),
    balance: `${scattered(id, 100_000) - 50_000}.${10 + (id % 90)}`,
    holder: `holder ${id}, revision ${revision}`,
  };
}

/** Where the first run ends, and the second one begins. */
const LAST = 5000;

const ids = (from: number, to: number) => ({
  sql: `id >= ${from} AND id < ${to}`,
  takes: ({ id }: Row) => Number(id) >= from && Number(id) < to,
});

/** SCD_TYPE_1 by a cursor, over a table that keeps several versions of a key; deletes are found by a sweep. */
export const accounts: Script = {
  name: 'accounts',
  options: { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'], cursor_field: 'changed' },
  columns: { id: int64, changed: wallClock, balance: decimal(10, 2), holder: utf8 },
  model: scd1Model({ keys: ['id'], cursorField: 'changed' }),
  filters: [
    { sql: 'balance >= 0', takes: ({ balance }) => Number(balance) >= 0 },
    { sql: 'id >= 2900', takes: ({ id }) => Number(id) >= 2900 },
  ],
  mirrorsSource: false,
  steps: [
    (table) =>
      table.rewrite([
        ...rowsOf(3000, (id) => account(id, id)),
        ...rowsOf(200, (id) => account(id, 3000 + id, 1)),
        ...rowsOf(100, (id) => account(id, 4000 + id, 2)),
        ...rowsOf(50, (id) => account(id, null)), // behind every version of theirs
        ...rowsOf(30, (id) => account(id, null), 3000), // the only ones of theirs
        ...rowsOf(40, (id) => account(id, LAST), 3100),
      ]),
    async (table) => {
      await table.remove(ids(500, 650)); // not seen: no sweep
      await table.add([
        ...rowsOf(60, (id) => account(id, LAST), 3200), // at the cursor itself
        ...rowsOf(400, (id) => account(id, 5001 + id / 1000, 3), 700),
        ...rowsOf(25, (id) => account(id, 5001, 3), 3000), // had no moment so far
        ...rowsOf(30, (id) => account(id, null, 4), 800), // behind what the lake has
        ...rowsOf(20, (id) => account(id, 1, 5), 3300), // before the cursor: not seen until `--full`
        ...rowsOf(20, (id) => account(id, 1, 5), 100), // and these will be late then
      ]);
    },
    async (table) => {
      await table.widen({ balance: decimal(20, 4) });
      await table.addColumn('note', utf8);
      await table.add(
        rowsOf(
          100,
          (id) => ({ ...account(id, 6000, 6), balance: `123456789012${id}.4567`, note: 'wide' }),
          1000,
        ),
      );
    },
    async (table) => {
      await table.remove(ids(2000, 2100));
      await table.remove(ids(3000, 3010));
      await table.add(rowsOf(10, (id) => account(id, 7000, 7), 500)); // gone, and back before the lake knew
    },
    async (table) => {
      await table.remove(ids(2100, 2110));
      await table.add(rowsOf(10, (id) => account(id, 2, 8), 2000)); // back, with a moment from long ago
    },
  ],
};

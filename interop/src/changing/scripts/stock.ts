import { float64, int32, int64, utf8, vector } from '../../../../examples/quickstart/src/columns.ts';
import { arrow } from '../../arrow.ts';
import type { Row } from '../arrow-rows.ts';
import { scd1Model } from '../scd1-model.ts';
import { rowsOf, scattered, vectorFor, type Script } from './script.ts';

const KEYS = ['warehouse', 'sku'];
const WAREHOUSES = ['Köln', "O'Hare", '', 'a"b\\c', '東京 🚉'];

/** Two texts make the key, and which is which counts: there are (`a`, `b1`) and (`ab`, `1`). */
function article(number: number, revision = 0): Row {
  const [warehouse, sku] =
    number < 100
      ? [number % 2 === 0 ? 'a' : 'ab', `${number % 2 === 0 ? 'b' : ''}${number >> 1}`]
      : [WAREHOUSES[number % 5], `sku-${number}`];
  return {
    warehouse,
    sku,
    number,
    quantity: scattered(number, 500) + revision * 1000,
    price: Math.fround(scattered(number, 10_000) / 100),
    vector: vectorFor(number + revision),
  };
}

const NOTED = (number: number): Row => ({
  ...article(number, 3),
  quantity: BigInt(2 ** 40 + number),
  note: `n${number}`,
});

const numbers = (from: number, to: number) => ({
  sql: `number >= ${from} AND number < ${to}`,
  takes: ({ number }: Row) => Number(number) >= from && Number(number) < to,
});

/** SCD_TYPE_1 over complete snapshots, by a key of two texts. Two pages of up to 10,000 rows make a file each. */
export const stock: Script = {
  name: 'stock',
  options: { ingestion_type: 'SCD_TYPE_1', primary_keys: KEYS },
  columns: {
    warehouse: utf8,
    sku: utf8,
    number: int32,
    quantity: int32,
    price: new arrow.Float32(),
    vector: vector(4),
  },
  model: scd1Model({ keys: KEYS }),
  filters: [
    { sql: 'quantity >= 1000', takes: ({ quantity }) => Number(quantity) >= 1000 },
    // Of some rows it is the double nearest to 0.1, and of others the float.
    { sql: 'price = 0.1', takes: ({ price }) => price === 0.1 },
    { sql: "warehouse = 'ab'", takes: ({ warehouse }) => warehouse === 'ab' },
  ],
  mirrorsSource: true,
  steps: [
    (table) => table.rewrite(rowsOf(16_000, article)),
    // Two of three rows of the first 10,000: too many for a list of positions, too scattered for runs of them.
    (table) =>
      table.rewrite(rowsOf(16_000, (number) => article(number, number < 10_000 && number % 3 > 0 ? 1 : 0))),
    async (table) => {
      await table.widen({ quantity: int64, price: float64 });
      await table.remove(numbers(4000, 6000));
      await table.upsert(
        KEYS,
        rowsOf(900, (number) => ({ ...article(number, 2), price: 0.1 }), 15_800),
      );
      await table.add(rowsOf(10, article, 12_000)); // word for word what is there
    },
    async (table) => {
      await table.addColumn('note', utf8);
      await table.remove(numbers(10_000, 15_800)); // the rest of a file
      await table.upsert(KEYS, rowsOf(300, NOTED, 3900)); // some are new, some come back
    },
    async (table) => {
      await table.upsert(
        KEYS,
        rowsOf(40, (number) => ({ ...article(number), price: -0 }), 10_000),
      );
      await table.remove(numbers(0, 7));
    },
  ],
};

import { instant, int32, list, utf8, vector } from '../../../../examples/quickstart/src/columns.ts';
import { arrow } from '../../arrow.ts';
import type { Row } from '../arrow-rows.ts';
import { scd2Model } from '../scd2-model.ts';
import { rowsOf, scattered, secondsAfterStart, vectorFor, type Script } from './script.ts';

function person(id: number, seconds: number, revision = 0): Row {
  return {
    id,
    changed: secondsAfterStart(seconds),
    name: `person ${id}, revision ${revision}`,
    age: scattered(id, 90) + (revision % 2),
    tags: id % 7 === 0 ? null : [`tag ${id % 3}`, null, ''].slice(0, id % 4),
    vector: vectorFor(id * 10 + revision),
  };
}

const several = (count: number, from: number, seconds: number, revision: number): Row[] =>
  rowsOf(count, (id) => person(id, seconds, revision), from);

const ids = (from: number, to: number) => ({
  sql: `id >= ${from} AND id < ${to}`,
  takes: ({ id }: Row) => Number(id) >= from && Number(id) < to,
});

/** SCD_TYPE_2 by a sequence column over complete snapshots: intervals are closed, split, left open and begun anew. */
export const people: Script = {
  name: 'people',
  options: { ingestion_type: 'SCD_TYPE_2', primary_keys: ['id'], sequence_by: 'changed' },
  columns: {
    id: int32,
    changed: instant,
    name: utf8,
    age: new arrow.Int8(),
    tags: list(utf8),
    vector: vector(4),
  },
  model: scd2Model({ keys: ['id'], sequenceBy: 'changed' }),
  bounds: instant,
  filters: [
    { sql: 'age >= 80', takes: ({ age }) => Number(age) >= 80 },
    { sql: '__END_AT IS NULL', takes: (row) => row['__END_AT'] === null },
  ],
  nullsInViews: ['tags'],
  mirrorsSource: false,
  steps: [
    (table) => table.rewrite([...rowsOf(2400, (id) => person(id, id)), ...several(100, 0, 3000, 1)]),
    async (table) => {
      await table.remove(ids(2000, 2120));
      await table.upsert(['id'], several(300, 1000, 4000, 1));
      await table.add([
        ...several(100, 2400, 4001, 0),
        ...several(50, 200, 4002, 1), // beside their first version, which is there still
        ...several(50, 200, 4004, 3), // and two more at once
        ...several(60, 1500, 1, 9), // late: before their first version
      ]);
    },
    async (table) => {
      await table.widen({ age: new arrow.Int16() });
      await table.addColumn('email', utf8);
      await table.add([
        ...several(50, 200, 4003, 2), // late: between two versions
        ...rowsOf(20, (id) => person(id, id), 2000), // back as if they had never been gone
        ...rowsOf(20, (id) => ({ ...person(id, 5000, 1), age: 1000 + id, email: `${id}@example.org` }), 2050),
      ]);
    },
    async (table) => {
      await table.upsert(
        ['id'],
        [
          ...rowsOf(15, (id) => ({ ...person(id, id, 4), email: 'corrected' }), 300), // another content, at the same moment
          ...rowsOf(10, (id) => person(id, 2500 + id / 1000, 5), 2000), // back, and changed long before their delete
        ],
      );
      await table.remove(ids(1200, 1260));
    },
    async (table) => {
      await table.upsert(['id'], several(10, 600, 6000, 1));
      await table.remove(ids(2000, 2005));
    },
  ],
};

import { connect } from '@lancedb/lancedb';
import type { RunReport } from '@lance-offload/core';
import type { Schema } from 'apache-arrow';
import { expect } from 'vitest';
import { arrow } from '../src/arrow.ts';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { createTable } from '../src/items.ts';

interface Answer {
  readonly tables: readonly (RunReport & { readonly failures: readonly object[] })[];
}

const schemaOf = (...fields: [string, InstanceType<typeof arrow.DataType>][]): Schema =>
  new arrow.Schema(fields.map(([name, type]) => new arrow.Field(name, type, true)));

const NAMES = ['it\'s "so"', '`back`', 'größte Straße', '東京 🚉', '', ' ', "'; DROP TABLE x; --", '100%'];

const TABLES = {
  composite: {
    schema: schemaOf(['region', new arrow.Utf8()], ['number', new arrow.Int32()], ['note', new arrow.Utf8()]),
    keys: ['region', 'number'],
    rows: NAMES.flatMap((region) => [1, 2].map((number) => ({ region, number, note: 'a' }))),
  },
  strings: {
    schema: schemaOf(['it\'s "the" key', new arrow.Utf8()], ['note', new arrow.Utf8()]),
    keys: ['it\'s "the" key'],
    rows: NAMES.map((name) => ({ 'it\'s "the" key': name, note: 'a' })),
  },
  unsigned: {
    schema: schemaOf(['id', new arrow.Uint64()], ['note', new arrow.Utf8()]),
    keys: ['id'],
    rows: [0n, 1n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n].map((id) => ({ id, note: 'a' })),
  },
  decimals: {
    schema: schemaOf(['id', new arrow.Decimal(2, 20, 128)], ['note', new arrow.Utf8()]),
    keys: ['id'],
    // Arrow takes a decimal as its 32-bit words: 1.00, 1.01, 12345678901234567.89
    rows: [100n, 101n, 1_234_567_890_123_456_789n].map((unscaled) => ({
      id: Uint32Array.of(Number(unscaled & 0xffff_ffffn), Number(unscaled >> 32n), 0, 0),
      note: 'a',
    })),
  },
};

for (const mode of ['SCD_TYPE_1', 'SCD_TYPE_2'] as const) {
  test(`${mode}: composite keys, string keys with quotes and letters of any script, uint64 and decimal keys`, async ({
    world,
  }) => {
    for (const [name, { rows, schema }] of Object.entries(TABLES))
      await createTable(world.uri, name, rows, schema);
    const options = Object.entries(TABLES).map(([name, { keys }]) => [
      name,
      { ingestion_type: mode, primary_keys: keys, batch_size: 3 },
    ]);
    await world.serve({ tables: Object.fromEntries(options) });
    await world.worker();
    const first = await world.ask<Answer>('run');
    for (const [index, { rows }] of Object.values(TABLES).entries())
      expect(first.tables[index]).toMatchObject({
        verified: true,
        lakeRows: rows.length,
        rows: { inserted: rows.length },
      });

    // A row of each is changed and one is deleted: the others must be recognised by their keys.
    const changes = {
      composite: ["region = '東京 🚉' AND number = 2", "region = '`back`' AND number = 1"],
      strings: [`\`it's "the" key\` = ''`, `\`it's "the" key\` = '100%'`],
      unsigned: ['id = 18446744073709551615', 'id = 9223372036854775808'],
      decimals: ["id = decimal(20,2) '12345678901234567.89'", "id = decimal(20,2) '1.01'"],
    };
    for (const [name, [changed = '', deleted = '']] of Object.entries(changes)) {
      await editTable(world.uri, name, async (table) => {
        await table.update({ where: changed, valuesSql: { note: "'b'" } });
        await table.delete(deleted);
      });
    }
    const second = await world.ask<Answer>('run');
    for (const [index, [name, { rows }]] of Object.entries(TABLES).entries()) {
      expect(second.tables[index]).toMatchObject({
        table: name,
        verified: true,
        lakeRows: rows.length - 1,
        rows: { inserted: 0, updated: 1, deleted: 1, unchanged: rows.length - 2 },
      });
      const current = mode === 'SCD_TYPE_2' ? `${name}_current` : name;
      expect(await world.lake.sql(`SELECT count(*)::INT AS n FROM ${current} WHERE note = 'b'`)).toEqual([
        { n: 1 },
      ]);
    }
    expect(await world.lake.sql(`SELECT id::VARCHAR AS id FROM unsigned WHERE note = 'b'`)).toEqual([
      { id: '18446744073709551615' },
    ]);
    expect(await world.lake.sql(`SELECT id::VARCHAR AS id FROM decimals WHERE note = 'b'`)).toEqual([
      { id: '12345678901234567.89' },
    ]);
  });
}

test('rows without a key fail the run before a page is enqueued, with their number and some of them', async ({
  world,
}) => {
  const schema = schemaOf(['id', new arrow.Int32()], ['region', new arrow.Utf8()]);
  const rows = Array.from({ length: 40 }, (_, id) => ({ id: id % 10 === 7 ? null : id, region: `r${id}` }));
  await createTable(world.uri, 'people', rows, schema);
  const source = await world.serve({
    tables: { people: { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'] } },
  });
  await world.worker();
  const { code, out } = await world.offload('run');
  expect(code).toBe(1);
  expect(out).toContain('[KEY_NULL]');
  expect(out).toContain('4 rows have no value in "id"');
  expect(out).toMatch(/_rowid 7 \(id=null\); _rowid 17 \(id=null\)/);
  expect(await world.lake.tables()).toEqual([]);
  expect(source.queries('people').length).toBe(1); // the sample
  // Repaired at the source, the next run works.
  await editTable(world.uri, 'people', (table) => table.delete('id IS NULL'));
  const { tables } = await world.ask<Answer>('run');
  expect(tables).toMatchObject([{ state: 'published', verified: true, lakeRows: 36 }]);
});

/** Makes a table of ids and of instants to the nanosecond, which rows in JavaScript cannot hold. */
async function createInstants(uri: string, name: string, nanoseconds: readonly bigint[]): Promise<void> {
  const { length } = nanoseconds;
  const at = arrow.makeData({
    type: new arrow.TimestampNanosecond('UTC'),
    length,
    nullCount: 0,
    data: BigInt64Array.from(nanoseconds),
  });
  const id = arrow.makeData({
    type: new arrow.Int32(),
    length,
    nullCount: 0,
    data: Int32Array.from(nanoseconds.keys()),
  });
  const db = await connect(uri);
  const columns = { at: new arrow.Vector([at]), id: new arrow.Vector([id]) };
  const table = await db.createTable(name, new arrow.Table(columns));
  table.close();
  db.close();
}

test('keys and sequences that the lake would cut fail the run before a page is enqueued; whole microseconds are kept', async ({
  world,
}) => {
  await createInstants(world.uri, 'cut', [1000n, 1001n, 1999n]);
  await createInstants(world.uri, 'whole', [-1000n, 0n, 1_764_000_000_000_001_000n]);
  const keyed = { ingestion_type: 'SCD_TYPE_2', primary_keys: ['at'] };
  const ordered = { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'], cursor_field: 'at' };
  const tables = { keys: keyed, sequences: ordered, keysWhole: keyed, sequencesWhole: ordered };
  const names = new Map([
    ['keys', 'cut'],
    ['sequences', 'cut'],
    ['keysWhole', 'whole'],
    ['sequencesWhole', 'whole'],
  ]);
  const source = await world.serve({ tables }, {}, names);
  await world.worker();
  const { code, out } = await world.offload('run');
  expect(code).toBe(1);
  expect(out.match(/\[KEY_INEXACT\] Column "at"/g)).toHaveLength(2);
  expect(out).toContain('_rowid 1 (at=1970-01-01T00:00:00.000001001Z)');
  expect((await world.lake.tables()).toSorted()).toEqual([
    'keysWhole',
    'keysWhole_current',
    'sequencesWhole',
  ]);
  expect(source.queries('keys')).toHaveLength(1); // the sample
  expect(await world.lake.sql('SELECT count(*)::INT AS n FROM "keysWhole"')).toEqual([{ n: 3 }]);
  expect((await world.offload('verify', 'keysWhole', 'sequencesWhole')).code).toBe(0);
});

test('a source that cannot tell of such values has them found in its pages: the run fails, and nothing is published', async ({
  world,
}) => {
  await createInstants(world.uri, 'cut', [1000n, 1001n, 1999n]);
  const source = await world.serve({
    tables: { cut: { ingestion_type: 'SCD_TYPE_1', primary_keys: ['at'] } },
  });
  source.refuse(
    ({ operation, body }) => operation === 'count_rows' && JSON.stringify(body).includes('CAST'),
    400,
    'no such function',
  );
  await world.worker();
  const { code, out } = await world.offload('run');
  expect(code).toBe(1);
  expect(out).toContain('[KEY_INEXACT] Column "at" tells rows apart');
  expect(out).toContain('_rowid 1 (at=1970-01-01T00:00:00.000001001Z)');
  expect(await world.lake.tables()).toEqual([]);
  expect(source.queries('cut')).toHaveLength(1);
  // The way out: the run is ended, and the table offloaded by another key.
  const [run] = /cut-\d{8}T\d{6}Z-[\da-f]{4}/.exec(out) ?? [];
  expect((await world.offload('cancel', String(run))).code).toBe(0);
  await world.configure(source.url, {
    tables: { cut: { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'] } },
  });
  expect((await world.offload('run')).code).toBe(0);
});

import * as arrow from 'apache-arrow';
import { expect, test as base } from 'vitest';
import { takeApart } from '../src/ipc/take-apart.ts';
import { tableFixtures, post } from './fixtures.ts';
import type { TableFixtures } from './fixtures.ts';

const test = base.extend<TableFixtures>(tableFixtures);

const { TimeUnit } = arrow;

/** The types the official client can create a column of, and their names at Lance. */
const TYPES: [arrow.DataType, unknown][] = [
  [new arrow.Null(), { type: 'null' }],
  [new arrow.Bool(), { type: 'bool' }],
  [new arrow.Int8(), { type: 'int8' }],
  [new arrow.Int16(), { type: 'int16' }],
  [new arrow.Int32(), { type: 'int32' }],
  [new arrow.Int64(), { type: 'int64' }],
  [new arrow.Uint8(), { type: 'uint8' }],
  [new arrow.Uint16(), { type: 'uint16' }],
  [new arrow.Uint32(), { type: 'uint32' }],
  [new arrow.Uint64(), { type: 'uint64' }],
  [new arrow.Float16(), { type: 'halffloat' }],
  [new arrow.Float32(), { type: 'float' }],
  [new arrow.Float64(), { type: 'double' }],
  [new arrow.Utf8(), { type: 'string' }],
  [new arrow.Binary(), { type: 'binary' }],
  [new arrow.DateDay(), { type: 'date32:day' }],
  [new arrow.DateMillisecond(), { type: 'date64:ms' }],
  [new arrow.TimeSecond(), { type: 'time32:s' }],
  [new arrow.TimeMillisecond(), { type: 'time32:ms' }],
  [new arrow.TimeMicrosecond(), { type: 'time64:us' }],
  [new arrow.TimeNanosecond(), { type: 'time64:ns' }],
  [new arrow.Timestamp(TimeUnit.SECOND), { type: 'timestamp:s:-' }],
  [new arrow.Timestamp(TimeUnit.MILLISECOND), { type: 'timestamp:ms:-' }],
  [new arrow.Timestamp(TimeUnit.MICROSECOND, 'UTC'), { type: 'timestamp:us:UTC' }],
  [new arrow.Timestamp(TimeUnit.NANOSECOND, 'Europe/Paris'), { type: 'timestamp:ns:Europe/Paris' }],
  [new arrow.Duration(TimeUnit.SECOND), { type: 'duration:s' }],
  [new arrow.Duration(TimeUnit.NANOSECOND), { type: 'duration:ns' }],
  [new arrow.Decimal(2, 10, 128), { type: 'decimal:128:10:2' }],
  [new arrow.Decimal(5, 60, 256), { type: 'decimal:256:60:5' }],
  [new arrow.Dictionary(new arrow.Utf8(), new arrow.Int16()), { type: 'dict:string:int16:false' }],
  [new arrow.FixedSizeBinary(16), { type: 'fixed_size_binary', length: 16 }],
  [
    new arrow.List(new arrow.Field('item', new arrow.Int32(), true)),
    { type: 'list', fields: [{ name: 'item', nullable: true, type: { type: 'int32' } }] },
  ],
  [
    new arrow.FixedSizeList(4, new arrow.Field('item', new arrow.Float32(), true)),
    {
      type: 'fixed_size_list',
      length: 4,
      fields: [{ name: 'item', nullable: true, type: { type: 'float' } }],
    },
  ],
  [
    new arrow.Struct([new arrow.Field('a', new arrow.Bool(), false)]),
    { type: 'struct', fields: [{ name: 'a', nullable: false, type: { type: 'bool' } }] },
  ],
];

test('every type is described by its name at Lance, with metadata', async ({ served }) => {
  const fields = TYPES.map(
    ([type], index) => new arrow.Field(`c${index}`, type, index !== 1, new Map([['note', `n${index}`]])),
  );
  await served.embedded.createEmptyTable('types', new arrow.Schema(fields, new Map([['owner', 'me']])));
  const response = await post(await served.serve(), '/v1/table/types/describe/', {});
  const { schema } = JSON.parse(await response.text());
  expect(schema.metadata).toMatchObject({ owner: 'me' });
  expect(schema.fields).toEqual(
    TYPES.map(([, type], index) => ({
      name: `c${index}`,
      nullable: index !== 1,
      type,
      metadata: { note: `n${index}` },
    })),
  );
});

const LARGE = {
  large_string: "arrow_cast('a', 'LargeUtf8')",
  large_binary: "arrow_cast('a', 'LargeBinary')",
  large_list: "arrow_cast([1, 2], 'LargeList(Int32)')",
};

test('large types are described and scanned, lists too, which Arrow for JavaScript does not know', async ({
  served,
}) => {
  const table = await served.embedded.createTable('large', [{ id: 1 }]);
  await table.addColumns(Object.entries(LARGE).map(([name, valueSql]) => ({ name, valueSql })));
  const server = await served.serve();
  const described = await post(server, '/v1/table/large/describe/', {});
  const { schema } = JSON.parse(await described.text());
  expect(schema.fields).toMatchObject([
    { name: 'id' },
    { name: 'large_string', type: { type: 'large_string' } },
    { name: 'large_binary', type: { type: 'large_binary' } },
    { name: 'large_list', type: { type: 'large_list', fields: [{ type: { type: 'int32' } }] } },
  ]);
  for (const compression of [undefined, 'lz4'] as const) {
    const scanned = await post(await served.serve({ compression }), '/v1/table/large/query/', {
      k: 1,
      vector: [],
    });
    const file = takeApart(Buffer.from(await scanned.arrayBuffer()));
    expect(file.batches).toHaveLength(1);
  }
});

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import {
  protocolFor,
  unsupportedFeatures,
  type Action,
  type DeletionVector,
} from '../../src/log/delta-actions.ts';
import {
  appendEntry,
  FORMAT_KEY,
  historyOf,
  readEntries,
  readLog,
  readSnapshot,
  versionAt,
} from '../../src/log/delta-log.ts';
import { deltaField, type DeltaStruct } from '../../src/types/lake-type.ts';
import { FORMAT_VERSION } from '../../src/log/format.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { test } from './lake-of-tables.ts';

const SCHEMA: DeltaStruct = { type: 'struct', fields: [deltaField('id', 'long')] };

function opening(
  changes: {
    configuration?: Record<string, string>;
    protocol?: Action['protocol'];
    schema?: DeltaStruct;
  } = {},
): Partial<Action>[] {
  const { configuration = {}, protocol = protocolFor(SCHEMA), schema = SCHEMA } = changes;
  return [
    { commitInfo: { operation: 'WRITE', timestamp: 1 } },
    { protocol },
    {
      metaData: {
        id: 'a',
        format: { provider: 'parquet' },
        schemaString: JSON.stringify(schema),
        partitionColumns: [],
        configuration,
      },
    },
  ];
}

function add(file: string, deletionVector?: DeletionVector): Partial<Action> {
  return {
    add: { path: file, partitionValues: {}, size: 1, modificationTime: 1, dataChange: true, deletionVector },
  };
}

function remove(file: string, deletionVector?: DeletionVector): Partial<Action> {
  return { remove: { path: file, deletionVector } };
}

/** A deletion vector somewhere in a file; which rows it marks is not the log's business. */
function vector(offset: number): DeletionVector {
  return {
    storageType: 'u',
    pathOrInlineDv: '^-aqEH.-t@S}K{vb[*k^',
    offset,
    sizeInBytes: 36,
    cardinality: 2,
  };
}

test('a table without a log has no state', async ({ lake }) => {
  const table = lake.table('absent');
  expect([await readLog(table), await readSnapshot(table)]).toEqual([[], undefined]);
});

test('of two writers that append the same version at once, one is told that it lost', async ({ lake }) => {
  const table = lake.table('t');
  const won = await Promise.all(
    Array.from({ length: 8 }, (_, writer) => appendEntry(table, 0, [...opening(), add(`by-${writer}`)])),
  );
  expect(won.filter(Boolean)).toHaveLength(1);
  const snapshot = await readSnapshot(table);
  expect(snapshot?.files.map((file) => file.path)).toEqual([`by-${won.indexOf(true)}`]);
  expect(await readdir(path.join(table.locate(''), '_delta_log'))).toEqual(['00000000000000000000.json']);
});

test('a version that is there is never overwritten', async ({ lake }) => {
  const table = lake.table('t');
  expect(await appendEntry(table, 0, [...opening(), add('first')])).toBe(true);
  expect(await appendEntry(table, 0, [...opening(), add('second')])).toBe(false);
  expect((await readSnapshot(table))?.files.map((file) => file.path)).toEqual(['first']);
});

test('replaying a log yields the live files, the latest schema and the version', async ({ lake }) => {
  const table = lake.table('t');
  const wider: DeltaStruct = { type: 'struct', fields: [...SCHEMA.fields, deltaField('name', 'string')] };
  await appendEntry(table, 0, [...opening(), add('a'), add('b')]);
  await appendEntry(table, 1, [remove('a'), add('c')]);
  expect(await readSnapshot(table)).toMatchObject({ version: 1, schema: SCHEMA });
  await appendEntry(table, 2, [...opening({ schema: wider }), add('a')]);
  const snapshot = await readSnapshot(table);
  expect(snapshot).toMatchObject({
    version: 2,
    schema: wider,
    protocol: { minReaderVersion: 1, minWriterVersion: 2 },
  });
  expect(snapshot?.files.map((file) => file.path).toSorted()).toEqual(['a', 'b', 'c']);
});

for (const [order, inOrder] of [
  ['before', (removed: Partial<Action>, added: Partial<Action>) => [removed, added]],
  ['after', (removed: Partial<Action>, added: Partial<Action>) => [added, removed]],
] as const) {
  test(`a file whose removal is written ${order} its addition with another deletion vector stays, in its place`, async ({
    lake,
  }) => {
    const table = lake.table('t');
    await appendEntry(table, 0, [...opening(), add('a'), add('b')]);
    await appendEntry(table, 1, inOrder(remove('a'), add('a', vector(1))));
    const first = await readSnapshot(table);
    expect(first?.files).toMatchObject([{ path: 'a', deletionVector: vector(1) }, { path: 'b' }]);
    await appendEntry(table, 2, inOrder(remove('a', vector(1)), add('a', vector(45))));
    const second = await readSnapshot(table);
    expect(second?.files).toMatchObject([{ path: 'a', deletionVector: vector(45) }, { path: 'b' }]);
    await appendEntry(table, 3, inOrder(remove('b'), add('b'))); // rewritten under its own name
    expect((await readSnapshot(table))?.files.map((file) => file.path)).toEqual(['a', 'b']);
  });
}

test('the newest addition of a file counts, and a removal only for the deletion vector it names', async ({
  lake,
}) => {
  const table = lake.table('t');
  await appendEntry(table, 0, [...opening(), add('a')]);
  await appendEntry(table, 1, [add('a', vector(1))]);
  await appendEntry(table, 2, [remove('a'), remove('a', vector(45))]);
  expect((await readSnapshot(table))?.files).toMatchObject([{ path: 'a', deletionVector: vector(1) }]);
  await appendEntry(table, 3, [remove('a', vector(1))]);
  expect((await readSnapshot(table))?.files).toEqual([]);
});

test('a table is read as it was at each of its versions, and at no other', async ({ lake }) => {
  const table = lake.table('t');
  const wider: DeltaStruct = { type: 'struct', fields: [...SCHEMA.fields, deltaField('name', 'string')] };
  await appendEntry(table, 0, [...opening(), add('a')]);
  await appendEntry(table, 1, [...opening({ schema: wider }), remove('a'), add('b')]);
  expect(await readSnapshot(table, 0)).toMatchObject({ version: 0, schema: SCHEMA, files: [{ path: 'a' }] });
  expect(await readSnapshot(table, 1)).toEqual(await readSnapshot(table));
  expect([await readSnapshot(table, 2), await readSnapshot(table, -1)]).toEqual([undefined, undefined]);
});

test('the version at a time is the last one that was committed by then, whatever the committers’ clocks say', async ({
  lake,
}) => {
  const table = lake.table('t');
  await appendEntry(table, 0, [...opening(), add('a')]);
  for (const [index, timestamp] of [30, 20, undefined, 40].entries()) {
    await appendEntry(table, index + 1, [{ commitInfo: timestamp === undefined ? {} : { timestamp } }]);
  }
  const versions = await Promise.all([0, 1, 19, 20, 25, 30, 39, 40, 1e15].map((ms) => versionAt(table, ms)));
  expect(versions).toEqual([undefined, 0, 0, 2, 2, 2, 2, 4, 4]);
});

test('the history lists what each version did, newest first', async ({ lake }) => {
  const table = lake.table('t');
  await appendEntry(table, 0, [...opening(), add('a'), add('b')]);
  await appendEntry(table, 1, [remove('a')]);
  expect(historyOf(await Array.fromAsync(readEntries(table)))).toEqual([
    { version: 1, commitInfo: {}, adds: 0, removes: 1 },
    { version: 0, commitInfo: { operation: 'WRITE', timestamp: 1 }, adds: 2, removes: 0 },
  ]);
});

test('a log with a gap is refused', async ({ lake }) => {
  const table = lake.table('t');
  await appendEntry(table, 0, opening());
  await appendEntry(table, 2, [add('c')]);
  await expectRejection(readSnapshot(table), 'LAKE_UNAVAILABLE', /has gaps/);
});

test('a log whose first entries were cleaned away is refused', async ({ lake }) => {
  const table = lake.table('t');
  await appendEntry(table, 1, opening());
  await expectRejection(readSnapshot(table), 'LAKE_UNAVAILABLE', /has gaps/);
});

test.for(['{"add":', '{"add":{"path":"x"}}', 'null', '{"metaData":{"id":1}}'])(
  'a damaged line is refused: %s',
  async (line, { lake }) => {
    const table = lake.table('t');
    await appendEntry(table, 0, opening());
    await writeFile(path.join(table.locate(''), '_delta_log', '00000000000000000001.json'), `${line}\n`);
    await expectRejection(
      readSnapshot(table),
      'LAKE_UNAVAILABLE',
      /00000000000000000001\.json cannot be read/,
    );
  },
);

test('a log without protocol or schema is refused', async ({ lake }) => {
  const table = lake.table('t');
  await appendEntry(table, 0, [add('a')]);
  await expectRejection(readSnapshot(table), 'LAKE_UNAVAILABLE', /no protocol or schema/);
});

test('checkpoints, temporary files and kinds of action of later releases are passed over', async ({
  lake,
}) => {
  const table = lake.table('t');
  await appendEntry(table, 0, opening());
  await mkdir(path.join(table.locate(''), '_delta_log'), { recursive: true });
  for (const name of [
    '.00000000000000000001.json.tmp',
    '_last_checkpoint',
    '00000000000000000000.checkpoint.parquet',
    '00000000000000000000.crc',
  ]) {
    await writeFile(path.join(table.locate(''), '_delta_log', name), 'x');
  }
  await writeFile(
    path.join(table.locate(''), '_delta_log', '00000000000000000001.json'),
    '{"domainMetadata":{"domain":"d"}}\n\n',
  );
  expect(await readSnapshot(table)).toMatchObject({ version: 1, files: [] });
});

for (const [what, asks, protocol] of [
  ['a later reader', /know, reader version 4 \(/, { minReaderVersion: 4, minWriterVersion: 7 }],
  ['a later writer', /know, writer version 8 \(/, { minReaderVersion: 1, minWriterVersion: 8 }],
  [
    'an unknown reader feature',
    /know, columnMapping \(/,
    {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['columnMapping'],
      writerFeatures: ['columnMapping'],
    },
  ],
  [
    'an unknown writer feature',
    /know, rowTracking \(/,
    { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['rowTracking'] },
  ],
  [
    'column mapping by version',
    /know, columnMapping, checkConstraints, .*\(/,
    { minReaderVersion: 2, minWriterVersion: 5 },
  ],
  ['constraints by version', /know, checkConstraints \(/, { minReaderVersion: 1, minWriterVersion: 3 }],
] as const) {
  test(`a table that asks for ${what} is refused as too new`, async ({ lake }) => {
    const table = lake.table('t');
    const copied = JSON.parse(JSON.stringify(protocol)) as NonNullable<Action['protocol']>;
    await appendEntry(table, 0, opening({ protocol: copied }));
    const error = await expectRejection(readSnapshot(table), 'LAKE_TOO_NEW', asks);
    expect(error.policy.next).toBe('give-up');
  });
}

test('a table of a later format is refused as too new, one of no format is read', async ({ lake }) => {
  const later = String(FORMAT_VERSION + 1);
  await appendEntry(lake.table('later'), 0, opening({ configuration: { [FORMAT_KEY]: later } }));
  await expectRejection(readSnapshot(lake.table('later')), 'LAKE_TOO_NEW', new RegExp(`format ${later}`));
  await appendEntry(lake.table('none'), 0, opening());
  expect(await readSnapshot(lake.table('none'))).toBeDefined();
});

test('a table asks for table features only where it has zone-less timestamps, at any depth', () => {
  const nested: DeltaStruct = {
    type: 'struct',
    fields: [deltaField('l', { type: 'array', elementType: 'timestamp_ntz', containsNull: true })],
  };
  expect(protocolFor(SCHEMA)).toEqual({ minReaderVersion: 1, minWriterVersion: 2 });
  expect(protocolFor(nested)).toEqual({
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ['timestampNtz'],
    writerFeatures: ['timestampNtz'],
  });
  expect(unsupportedFeatures(protocolFor(nested))).toEqual([]);
});

test('a table that is raised to table features names what its old version implied', () => {
  const withTime: DeltaStruct = { type: 'struct', fields: [deltaField('at', 'timestamp_ntz')] };
  const raised = protocolFor(withTime, { before: protocolFor(SCHEMA) });
  expect(raised).toMatchObject({
    readerFeatures: ['timestampNtz'],
    writerFeatures: ['appendOnly', 'invariants', 'timestampNtz'],
  });
  expect(unsupportedFeatures(raised)).toEqual([]);
});

test('an entry that is empty, or gone since it was listed, is not taken for one that changes nothing', async ({
  lake,
}) => {
  const table = lake.table('documents');
  const [first, second] = [0, 1].map((version) => `_delta_log/${String(version).padStart(20, '0')}.json`);
  await appendEntry(table, 0, opening());
  await table.putIfAbsent(second ?? '', '');
  await expectRejection(readLog(table), 'LAKE_UNAVAILABLE', /00000001\.json cannot be read/);
  await table.delete([second ?? '']);
  const vanishing = Object.assign(Object.create(table) as typeof table, {
    get: async (key: string) => (key === first ? undefined : table.get(key)),
    locate: (key: string) => table.locate(key),
    list: (prefix: string) => table.list(prefix),
  });
  await expectRejection(readLog(vanishing), 'LAKE_UNAVAILABLE', /00000000\.json cannot be read/);
});

test('a column of a vector keeps its length where another writer has made a text of it', async ({ lake }) => {
  const table = lake.table('t');
  const type = { type: 'array', elementType: 'float', containsNull: true } as const;
  const embedding = deltaField('v', type, { 'lance.vectorLength': 2 });
  const schemaString = JSON.stringify({ type: 'struct', fields: [embedding] }).replace(':2}', ':"2"}');
  expect(schemaString).toContain('"lance.vectorLength":"2"');
  const rewritten = opening().map((action) =>
    action.metaData ? { metaData: { ...action.metaData, schemaString } } : action,
  );
  await appendEntry(table, 0, rewritten);
  expect((await readSnapshot(table))?.schema.fields).toEqual([embedding]);
});

test('a table may have the feature of a type that none of its columns is of', async ({ lake }) => {
  const protocol = {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ['variantType'],
    writerFeatures: ['variantType'],
  };
  const named: DeltaStruct = { type: 'struct', fields: [deltaField('variant', 'string')] };
  await appendEntry(lake.table('none'), 0, opening({ protocol, schema: named }));
  expect((await readSnapshot(lake.table('none')))?.schema).toEqual(named);
  const typed = JSON.stringify(named).replace('"type":"string"', '"type":"variant"');
  const entry = opening({ protocol }).map((action) =>
    action.metaData ? { metaData: { ...action.metaData, schemaString: typed } } : action,
  );
  await appendEntry(lake.table('some'), 0, entry);
  await expectRejection(readSnapshot(lake.table('some')), 'LAKE_TOO_NEW', /columns of type variant/);
});

import * as fc from 'fast-check';
import type { Action, DeletionVector, Protocol } from '../../../src/log/delta-actions.ts';
import type { LogEntry } from '../../../src/log/checkpoint/log-state.ts';

// Logs of any actions, of few enough files, applications and domains that they meet each other.

const text = fc.oneof(fc.constantFrom('', '{"numRecords":3,"tightBounds":true}', 'é"\\\n'), fc.string());
const map: fc.Arbitrary<Record<string, string | null>> = fc.dictionary(
  fc.constantFrom('a', 'b', 'é.'),
  fc.oneof(fc.constant(null), fc.string()),
);
const long = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const file = fc.constantFrom('data/a.parquet', 'data/b%20c.parquet', 'd.parquet');

const vector: fc.Arbitrary<DeletionVector | undefined> = fc.option(
  fc.record(
    {
      storageType: fc.constantFrom('u', 'i', 'p'),
      pathOrInlineDv: fc.constantFrom('^-aqEH.-t@S}K{vb[*k^', 'short'),
      offset: fc.constantFrom(1, 45),
      sizeInBytes: fc.nat(),
      cardinality: fc.nat(),
    },
    { requiredKeys: ['storageType', 'pathOrInlineDv', 'sizeInBytes', 'cardinality'] },
  ),
  { nil: undefined },
);

const add = fc.record(
  {
    path: file,
    partitionValues: map,
    size: long,
    modificationTime: long,
    dataChange: fc.boolean(),
    stats: text,
    tags: map,
    deletionVector: vector,
    baseRowId: long,
    defaultRowCommitVersion: long,
    clusteringProvider: fc.constant('liquid'),
  },
  { requiredKeys: ['path', 'partitionValues', 'size', 'modificationTime', 'dataChange', 'deletionVector'] },
);

const remove = fc.record(
  {
    path: file,
    deletionTimestamp: long,
    dataChange: fc.boolean(),
    extendedFileMetadata: fc.boolean(),
    partitionValues: map,
    size: long,
    deletionVector: vector,
    baseRowId: long,
    defaultRowCommitVersion: long,
  },
  { requiredKeys: ['path', 'deletionVector'] },
);

const metaData = fc.record(
  {
    id: fc.uuid(),
    name: text,
    description: text,
    format: fc.record({
      provider: fc.constant('parquet'),
      options: fc.constantFrom<Record<string, string>[]>({}, { a: 'b' }),
    }),
    schemaString: fc.constant('{"type":"struct","fields":[]}'),
    partitionColumns: fc.constantFrom<string[][]>([], ['a', 'é']),
    configuration: fc.dictionary(fc.constantFrom('x', 'delta.checkpointInterval'), fc.string()),
    createdTime: long,
  },
  { requiredKeys: ['id', 'format', 'schemaString', 'partitionColumns', 'configuration'] },
);

const protocol = fc.constantFrom<Protocol[]>(
  { minReaderVersion: 1, minWriterVersion: 2 },
  { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['appendOnly'] },
  {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ['deletionVectors'],
    writerFeatures: ['deletionVectors', 'invariants'],
  },
);

const txn = fc.record(
  { appId: fc.constantFrom('lance-offload/a', 'spark', ''), version: long, lastUpdated: long },
  { requiredKeys: ['appId', 'version'] },
);

const domainMetadata = fc.record({
  domain: fc.constantFrom('delta.rowTracking', 'mine'),
  configuration: text,
  removed: fc.boolean(),
});

/** Actions of one commit: of each file at most one addition and one removal (PROTOCOL.md, "Add File and Remove File"). */
const actions: fc.Arbitrary<Partial<Action>[]> = fc
  .record(
    {
      adds: fc.uniqueArray(add, { selector: ({ path }) => path, maxLength: 3 }),
      removes: fc.uniqueArray(remove, { selector: ({ path }) => path, maxLength: 3 }),
      txns: fc.uniqueArray(txn, { selector: ({ appId }) => appId, maxLength: 2 }),
      domains: fc.uniqueArray(domainMetadata, { selector: ({ domain }) => domain, maxLength: 2 }),
      metaData,
      protocol,
    },
    { requiredKeys: ['adds', 'removes', 'txns', 'domains'] },
  )
  .map(({ adds, removes, txns, domains, ...rest }) => [
    { commitInfo: { operation: 'ANY' } },
    ...(rest.protocol ? [{ protocol: rest.protocol }] : []),
    ...(rest.metaData ? [{ metaData: rest.metaData }] : []),
    ...txns.map((one) => ({ txn: one })),
    ...domains.map((one) => ({ domainMetadata: one })),
    ...removes.map((one) => ({ remove: one })),
    ...adds.map((one) => ({ add: one })),
  ]);

/** A log of a table, of three versions or more, whose first has a protocol and a schema. */
export const logs: fc.Arbitrary<LogEntry[]> = fc
  .tuple(protocol, metaData, fc.array(actions, { minLength: 3, maxLength: 8 }))
  .map(([first, schema, commits]) =>
    [[{ protocol: first }, { metaData: schema }], ...commits].map((some, version) => ({
      version,
      actions: some,
    })),
  );

import type { SchemaElement } from 'hyparquet';

/** A type of a checkpoint's columns: one of Parquet's own, a list, a map of strings, or a struct of such. */
type Type = 'string' | 'int' | 'long' | 'boolean' | 'strings' | 'map' | { readonly [field: string]: Type };

const DELETION_VECTOR: Type = {
  storageType: 'string',
  pathOrInlineDv: 'string',
  offset: 'int',
  sizeInBytes: 'int',
  cardinality: 'long',
};

/** The columns of a V1 checkpoint, of a table without partitions (PROTOCOL.md, "Checkpoint Schema"). */
const COLUMNS = {
  txn: { appId: 'string', version: 'long', lastUpdated: 'long' },
  add: {
    path: 'string',
    partitionValues: 'map',
    size: 'long',
    modificationTime: 'long',
    dataChange: 'boolean',
    stats: 'string',
    tags: 'map',
    deletionVector: DELETION_VECTOR,
    baseRowId: 'long',
    defaultRowCommitVersion: 'long',
    clusteringProvider: 'string',
  },
  remove: {
    path: 'string',
    deletionTimestamp: 'long',
    dataChange: 'boolean',
    extendedFileMetadata: 'boolean',
    partitionValues: 'map',
    size: 'long',
    deletionVector: DELETION_VECTOR,
    baseRowId: 'long',
    defaultRowCommitVersion: 'long',
  },
  metaData: {
    id: 'string',
    name: 'string',
    description: 'string',
    format: { provider: 'string', options: 'map' },
    schemaString: 'string',
    partitionColumns: 'strings',
    configuration: 'map',
    createdTime: 'long',
  },
  protocol: {
    minReaderVersion: 'int',
    minWriterVersion: 'int',
    readerFeatures: 'strings',
    writerFeatures: 'strings',
  },
  domainMetadata: { domain: 'string', configuration: 'string', removed: 'boolean' },
} as const satisfies { readonly [column: string]: Type };

const OPTIONAL = { repetition_type: 'OPTIONAL' } as const;
const STRING = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

/** An optional field and all that is in it, as Parquet has it: depth first, lists and maps in three levels. */
function elementsOf(name: string, type: Type): SchemaElement[] {
  switch (type) {
    case 'string':
      return [{ name, ...OPTIONAL, ...STRING }];
    case 'int':
      return [{ name, ...OPTIONAL, type: 'INT32' }];
    case 'long':
      return [{ name, ...OPTIONAL, type: 'INT64' }];
    case 'boolean':
      return [{ name, ...OPTIONAL, type: 'BOOLEAN' }];
    case 'strings':
      return [
        { name, ...OPTIONAL, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', ...OPTIONAL, ...STRING },
      ];
    case 'map':
      return [
        { name, ...OPTIONAL, num_children: 1, converted_type: 'MAP', logical_type: { type: 'MAP' } },
        { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
        { name: 'key', repetition_type: 'REQUIRED', ...STRING },
        { name: 'value', ...OPTIONAL, ...STRING },
      ];
    default: {
      const fields = Object.entries(type);
      return [
        { name, ...OPTIONAL, num_children: fields.length },
        ...fields.flatMap(([field, inner]) => elementsOf(field, inner)),
      ];
    }
  }
}

/** Integers of 64 bits, which the writer wants as BigInt. */
function parquetValue(type: Type, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (type === 'long') return typeof value === 'number' ? BigInt(value) : value;
  if (typeof type === 'string' || typeof value !== 'object') return value;
  const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(value));
  return Object.fromEntries(
    Object.entries(type).map(([name, inner]) => [name, parquetValue(inner, fields.get(name))]),
  );
}

export const CHECKPOINT_COLUMNS = Object.keys(COLUMNS) as readonly (keyof typeof COLUMNS)[];

/** The schema of the file, its root first. */
export const CHECKPOINT_SCHEMA: SchemaElement[] = [
  { name: 'spark_schema', num_children: CHECKPOINT_COLUMNS.length },
  ...Object.entries(COLUMNS).flatMap(([name, type]) => elementsOf(name, type)),
];

/** What stands in a column of a row. */
export function checkpointValue(column: keyof typeof COLUMNS, value: unknown): unknown {
  return parquetValue(COLUMNS[column], value);
}

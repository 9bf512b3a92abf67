import { z } from 'zod';
import type { DeltaStruct } from '../types/lake-type.ts';

// Actions of the Delta log (delta-io/delta PROTOCOL.md, "Actions"): the subset the lake writes and reads.

const protocolSchema = z.object({
  minReaderVersion: z.int(),
  minWriterVersion: z.int(),
  readerFeatures: z.array(z.string()).optional(),
  writerFeatures: z.array(z.string()).optional(),
});
export type Protocol = z.output<typeof protocolSchema>;

const metaDataSchema = z.object({
  id: z.string(),
  name: z.string().optional(),
  description: z.string().optional(),
  format: z.object({ provider: z.string(), options: z.record(z.string(), z.string()).optional() }),
  schemaString: z.string(),
  partitionColumns: z.array(z.string()),
  configuration: z.record(z.string(), z.string()),
  createdTime: z.number().optional(),
});
export type MetaData = z.output<typeof metaDataSchema>;

/** Where the positions of a data file's deleted rows are (PROTOCOL.md, "Deletion Vector Descriptor Schema"). */
const deletionVectorSchema = z.object({
  /** `u`: a file named by a UUID beside the table's log; `i`: inline; `p`: an absolute path. */
  storageType: z.enum(['u', 'i', 'p']),
  pathOrInlineDv: z.string(),
  offset: z.int().nonnegative().optional(),
  sizeInBytes: z.int().nonnegative(),
  /** Rows it marks as deleted. */
  cardinality: z.int().nonnegative(),
});
export type DeletionVector = z.output<typeof deletionVectorSchema>;

const addSchema = z.object({
  path: z.string(),
  partitionValues: z.record(z.string(), z.string().nullable()),
  size: z.int(),
  modificationTime: z.int(),
  dataChange: z.boolean(),
  stats: z.string().optional(),
  tags: z.record(z.string(), z.string().nullable()).optional(),
  deletionVector: deletionVectorSchema.nullish().transform((vector) => vector ?? undefined),
  baseRowId: z.number().optional(),
  defaultRowCommitVersion: z.number().optional(),
  clusteringProvider: z.string().optional(),
});
export type Add = z.output<typeof addSchema>;

const commitInfoSchema = z.looseObject({
  timestamp: z.number().optional(),
  operation: z.string().optional(),
  operationParameters: z.record(z.string(), z.unknown()).optional(),
  operationMetrics: z.record(z.string(), z.unknown()).optional(),
});
export type CommitInfo = z.output<typeof commitInfoSchema>;

const removeSchema = z.object({
  path: z.string(),
  deletionTimestamp: z.number().optional(),
  dataChange: z.boolean().optional(),
  extendedFileMetadata: z.boolean().optional(),
  partitionValues: z.record(z.string(), z.string().nullable()).nullish(),
  size: z.int().nullish(),
  deletionVector: deletionVectorSchema.nullish().transform((vector) => vector ?? undefined),
  baseRowId: z.number().optional(),
  defaultRowCommitVersion: z.number().optional(),
});
export type Remove = z.output<typeof removeSchema>;

const transactionSchema = z.object({
  appId: z.string(),
  version: z.int(),
  /** Milliseconds. Writers that let transactions expire (`delta.setTransactionRetentionDuration`) drop those without. */
  lastUpdated: z.number().optional(),
});
export type Transaction = z.output<typeof transactionSchema>;

const domainMetadataSchema = z.object({
  domain: z.string(),
  configuration: z.string().default(''),
  removed: z.boolean().default(false),
});
export type DomainMetadata = z.output<typeof domainMetadataSchema>;

/** One line of a log entry. Kinds of action this release does not know come out with none of these set. */
const actionSchema = z.object({
  protocol: protocolSchema.optional(),
  metaData: metaDataSchema.optional(),
  add: addSchema.optional(),
  remove: removeSchema.optional(),
  txn: transactionSchema.optional(),
  domainMetadata: domainMetadataSchema.optional(),
  commitInfo: commitInfoSchema.optional(),
});
export type Action = z.output<typeof actionSchema>;

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields that some writers leave out where there is nothing to say, and others write as null. */
function withoutNulls(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  const said = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    said.map(([name, value]) => [
      name,
      depth > 0 && isFields(value) && !MAPS.has(name) ? withoutNulls(value, depth - 1) : value,
    ]),
  );
}

/** Of these a null is a value. */
const MAPS = new Set(['partitionValues', 'tags', 'configuration', 'options', 'commitInfo']);

/**
 * Reads one action: a line of a log entry, or a row of a checkpoint, whose kinds are columns of which one is not null.
 *
 * @throws ZodError where it is none.
 */
export function parseAction(fields: unknown): Action {
  return actionSchema.parse(isFields(fields) ? withoutNulls(fields, 2) : fields);
}

/** Table features this release can read and write (PROTOCOL.md, "Table Features"); each is a reader and a writer feature. */
const READER_FEATURES: readonly string[] = [
  'deletionVectors',
  'timestampNtz',
  'typeWidening',
  'v2Checkpoint',
  'variantType', // of a table without such columns
];
/** What writer version 2 implies, and a table that moves from it to a list of features must name. */
const LEGACY_WRITER_FEATURES: readonly string[] = ['appendOnly', 'invariants'];
const WRITER_FEATURES: readonly string[] = [...READER_FEATURES, ...LEGACY_WRITER_FEATURES];

/** The reader features a schema needs, and deletion vectors where the table has some. */
function featuresOf(schema: DeltaStruct, withDeletionVectors: boolean): string[] {
  const text = JSON.stringify(schema);
  return [
    ...(withDeletionVectors ? ['deletionVectors'] : []),
    ...(text.includes('"timestamp_ntz"') ? ['timestampNtz'] : []),
    ...(text.includes('"delta.typeChanges"') ? ['typeWidening'] : []),
  ];
}

/**
 * The lowest protocol a table needs: 1/2, or 3/7 with the features it uses.
 *
 * @param before the table's protocol so far: one that is raised keeps what it had (PROTOCOL.md, "Table Features for
 *   New and Existing Tables").
 */
export function protocolFor(
  schema: DeltaStruct,
  {
    before,
    deletionVectors = false,
  }: { readonly before?: Protocol | undefined; readonly deletionVectors?: boolean } = {},
): Protocol {
  const features = [...new Set([...(before?.readerFeatures ?? []), ...featuresOf(schema, deletionVectors)])];
  if (features.length === 0) return before ?? { minReaderVersion: 1, minWriterVersion: 2 };
  const kept = before ? (before.writerFeatures ?? LEGACY_WRITER_FEATURES) : [];
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: features,
    writerFeatures: [...new Set([...kept, ...features])],
  };
}

/** What the versions before 3 and 7 ask for without naming it (PROTOCOL.md, "Reader Version Requirements", "Writer Version Requirements"). */
const IMPLIED_READER_FEATURES: readonly (readonly [number, string])[] = [[2, 'columnMapping']];
const IMPLIED_WRITER_FEATURES: readonly (readonly [number, string])[] = [
  [3, 'checkConstraints'],
  [4, 'changeDataFeed'],
  [4, 'generatedColumns'],
  [5, 'columnMapping'],
  [6, 'identityColumns'],
];

function unsupported(
  side: 'reader' | 'writer',
  version: number,
  features: readonly string[],
  rules: {
    readonly newest: number;
    readonly supported: readonly string[];
    readonly implied: readonly (readonly [number, string])[];
  },
): string[] {
  if (version > rules.newest) return [`${side} version ${version}`];
  const implied = rules.implied.filter(([since]) => version >= since && version < rules.newest);
  return [...features, ...implied.map(([, name]) => name)].filter((name) => !rules.supported.includes(name));
}

/**
 * The table features of a protocol that this release does not know, by their names, or a version it does not know. The
 * versions between imply features without naming them: column mapping, constraints, generated columns.
 */
export function unsupportedFeatures({
  minReaderVersion,
  minWriterVersion,
  readerFeatures = [],
  writerFeatures = [],
}: Protocol): string[] {
  const found = [
    ...unsupported('reader', minReaderVersion, readerFeatures, {
      newest: 3,
      supported: READER_FEATURES,
      implied: IMPLIED_READER_FEATURES,
    }),
    ...unsupported('writer', minWriterVersion, writerFeatures, {
      newest: 7,
      supported: WRITER_FEATURES,
      implied: IMPLIED_WRITER_FEATURES,
    }),
  ];
  return [...new Set(found)];
}

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
  deletionVector: deletionVectorSchema.nullish().transform((vector) => vector ?? undefined),
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
});

/** One line of a log entry. Kinds of action this release does not know come out with none of these set. */
export const actionSchema = z.object({
  protocol: protocolSchema.optional(),
  metaData: metaDataSchema.optional(),
  add: addSchema.optional(),
  remove: removeSchema.optional(),
  txn: z.object({ appId: z.string(), version: z.int() }).optional(),
  commitInfo: commitInfoSchema.optional(),
});
export type Action = z.output<typeof actionSchema>;

/** Table features this release can read and write (PROTOCOL.md, "Table Features"); each is a reader and a writer feature. */
const READER_FEATURES: readonly string[] = ['deletionVectors', 'timestampNtz', 'typeWidening'];
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

function asksForMore(
  version: number,
  known: readonly number[],
  features: readonly string[],
  supported: readonly string[],
): boolean {
  return !known.includes(version) || features.some((name) => !supported.includes(name));
}

/**
 * Whether a table's protocol asks for more than this release can do. The versions between imply features without
 * naming them: column mapping, constraints, generated columns.
 */
export function isTooNew({
  minReaderVersion,
  minWriterVersion,
  readerFeatures,
  writerFeatures,
}: Protocol): boolean {
  return (
    asksForMore(minReaderVersion, [1, 3], readerFeatures ?? [], READER_FEATURES) ||
    asksForMore(minWriterVersion, [1, 2, 7], writerFeatures ?? [], WRITER_FEATURES)
  );
}

import { z } from 'zod';
import type { DeltaStruct } from '../plan/lake-type.ts';

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

const addSchema = z.object({
  path: z.string(),
  partitionValues: z.record(z.string(), z.string().nullable()),
  size: z.int(),
  modificationTime: z.int(),
  dataChange: z.boolean(),
  stats: z.string().optional(),
});
export type Add = z.output<typeof addSchema>;

const commitInfoSchema = z.looseObject({
  timestamp: z.number().optional(),
  operation: z.string().optional(),
  operationParameters: z.record(z.string(), z.unknown()).optional(),
  operationMetrics: z.record(z.string(), z.unknown()).optional(),
});
export type CommitInfo = z.output<typeof commitInfoSchema>;

/** One line of a log entry. Kinds of action this release does not know come out with none of these set. */
export const actionSchema = z.object({
  protocol: protocolSchema.optional(),
  metaData: metaDataSchema.optional(),
  add: addSchema.optional(),
  remove: z.object({ path: z.string() }).optional(),
  txn: z.object({ appId: z.string(), version: z.int() }).optional(),
  commitInfo: commitInfoSchema.optional(),
});
export type Action = z.output<typeof actionSchema>;

/** What can be read of the tables this release writes. */
const SUPPORTED_READER_FEATURES: readonly string[] = ['timestampNtz'];
const SUPPORTED_WRITER_FEATURES: readonly string[] = ['timestampNtz', 'appendOnly', 'invariants'];

function usesZonelessTimestamps(schema: DeltaStruct): boolean {
  return JSON.stringify(schema).includes('"timestamp_ntz"');
}

/** What writer version 2 implies, and a table that moves from it to a list of features must name. */
const LEGACY_WRITER_FEATURES: readonly string[] = ['appendOnly', 'invariants'];

/**
 * The lowest protocol a schema needs: 1/2, or 3/7 with the one feature it uses.
 *
 * @param before the table's protocol so far: one that is raised keeps what it had (PROTOCOL.md, "Table Features for
 *   New and Existing Tables").
 */
export function protocolFor(schema: DeltaStruct, before?: Protocol): Protocol {
  if (!usesZonelessTimestamps(schema)) return { minReaderVersion: 1, minWriterVersion: 2 };
  const features = ['timestampNtz'];
  const kept = before ? (before.writerFeatures ?? LEGACY_WRITER_FEATURES) : [];
  const writerFeatures = [...new Set([...kept, ...features])];
  return { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: features, writerFeatures };
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
    asksForMore(minReaderVersion, [1, 3], readerFeatures ?? [], SUPPORTED_READER_FEATURES) ||
    asksForMore(minWriterVersion, [1, 2, 7], writerFeatures ?? [], SUPPORTED_WRITER_FEATURES)
  );
}

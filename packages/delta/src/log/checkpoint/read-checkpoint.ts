import { z } from 'zod';
import { OffloadError } from '@lance-offload/base';
import type { Store } from '../../store/store.ts';
import { parseAction, type Action } from '../delta-actions.ts';
import { LOG, type CheckpointFiles } from './log-files.ts';
import { readParquetRows } from './parquet-rows.ts';

// Reading checkpoints of all specs and names (delta-io/delta PROTOCOL.md, "Checkpoints", "Checkpoint Specs", "Checkpoint Naming
// Scheme", "Sidecar Files").

const FILE_ACTIONS = ['add', 'remove'] as const;
const ACTIONS = ['protocol', 'metaData', 'txn', 'domainMetadata', ...FILE_ACTIONS] as const;
/** Actions of the V2 spec. */
const V2_ACTIONS = ['checkpointMetadata', 'sidecar'] as const;

const v2Schema = z.object({
  checkpointMetadata: z.object({ version: z.int() }).nullish(),
  sidecar: z.object({ path: z.string() }).nullish(),
});

const parsedStats = z.object({
  add: z.object({
    stats: z.null().optional(),
    stats_parsed: z.object({ numRecords: z.number(), tightBounds: z.boolean().nullish() }),
  }),
});

/**
 * Where `delta.checkpoint.writeStatsAsJson` is `false`, statistics are columns. The number of rows is taken from there, which files with
 * deletion vectors must have; bounds are not, which no file must.
 */
function statsOf(row: unknown): string | undefined {
  const found = parsedStats.safeParse(row).data?.add.stats_parsed;
  if (!found) return undefined;
  const { numRecords, tightBounds } = found;
  return JSON.stringify({ numRecords, ...(typeof tightBounds === 'boolean' && { tightBounds }) });
}

function actionOf(row: unknown): Action {
  const action = parseAction(row);
  const stats = action.add && action.add.stats === undefined ? statsOf(row) : undefined;
  return action.add && stats !== undefined ? { ...action, add: { ...action.add, stats } } : action;
}

async function getFile(table: Store, key: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await table.get(key);
  if (!bytes) throw new Error(`${table.locate(key)} is gone`);
  return bytes;
}

async function readRows(table: Store, key: string, columns: readonly string[]): Promise<unknown[]> {
  const bytes = await getFile(table, key);
  if (!key.endsWith('.json')) return readParquetRows(bytes, columns);
  const lines = Buffer.from(bytes).toString().split('\n');
  return lines.flatMap((line): unknown[] => (line.trim() === '' ? [] : [JSON.parse(line)]));
}

/**
 * The key of a sidecar: "a URI-encoded path to the sidecar file. Because sidecar files must always reside in the table's own
 * _delta_log/_sidecars directory, implementations are encouraged to store only the file's name" (PROTOCOL.md, "Sidecar File Information").
 */
const sidecarKey = (path: string): string =>
  `${LOG}_sidecars/${decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))}`;

const isOfV2 = (row: unknown): boolean =>
  typeof row === 'object' && row !== null && V2_ACTIONS.some((name) => name in row);

/** What of a checkpoint's rows the V2 spec adds to them: whether they follow it, and the files of further rows. */
function v2Of(rows: readonly unknown[]): { versions: number[]; sidecars: string[] } {
  const found = rows.flatMap((row) => (isOfV2(row) ? [v2Schema.parse(row)] : []));
  return {
    versions: found.flatMap(({ checkpointMetadata }) => checkpointMetadata?.version ?? []),
    sidecars: found.flatMap(({ sidecar }) => (sidecar ? [sidecarKey(sidecar.path)] : [])),
  };
}

async function readAll(table: Store, { version, keys }: CheckpointFiles): Promise<Action[]> {
  // Parts are joined by `flat`: a call that has each row as an argument ends at some 100,000 rows.
  const parts: (readonly unknown[])[] = [];
  for (const key of keys) parts.push(await readRows(table, key, [...ACTIONS, ...V2_ACTIONS]));
  const { versions, sidecars } = v2Of(parts.flat());
  if (versions.some((of) => of !== version)) throw new Error(`it says that it is of version ${versions[0]}`);
  for (const sidecar of sidecars) parts.push(await readRows(table, sidecar, FILE_ACTIONS));
  const actions = parts.flat().map(actionOf);
  // "The checkpoint must contain all information regarding" both (PROTOCOL.md, "Checkpoints").
  for (const kind of ['protocol', 'metaData'] as const)
    if (!actions.some((action) => action[kind])) throw new Error(`it has no ${kind}`);
  return actions;
}

/**
 * Reads the actions of a checkpoint: V1 and V2, of one file or several, Parquet or JSON.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where it is damaged, or a part of it is gone.
 */
export async function readCheckpoint(table: Store, files: CheckpointFiles): Promise<Action[]> {
  try {
    return await readAll(table, files);
  } catch (error) {
    const path = table.locate(files.keys[0] ?? LOG);
    const why = error instanceof Error ? error.message : String(error);
    const message = `The Delta checkpoint ${path} cannot be read as one: ${why}`;
    throw new OffloadError('LAKE_UNAVAILABLE', message, { path }, { cause: error });
  }
}

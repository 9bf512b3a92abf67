import { z } from 'zod';
import { OffloadError } from '@lance-offload/base';
import type { DeltaStruct } from '../types/lake-type.ts';
import { FORMAT_VERSION } from './format.ts';
import { readEntriesBefore } from './checkpoint/log-entries.ts';
import { entryKey } from './checkpoint/log-files.ts';
import { advance, NO_STATE, type LogEntry, type LogState } from './checkpoint/log-state.ts';
import { readState, readWholeLog } from './checkpoint/read-state.ts';
import {
  unsupportedFeatures,
  type Action,
  type Add,
  type CommitInfo,
  type MetaData,
  type Protocol,
  type Remove,
  type Transaction,
} from './delta-actions.ts';
import type { Store } from '../store/store.ts';

export type { LogEntry } from './checkpoint/log-state.ts';

/** Key of `metaData.configuration` that says which release's rules the table follows. */
export const FORMAT_KEY = 'lanceOffload.formatVersion';

/** Key of `metaData.configuration` that says what of its source the table holds. */
export const SELECTION_KEY = 'lanceOffload.selection';

/** A Delta table as its log describes it at one version. */
export interface Snapshot {
  readonly version: number;
  readonly protocol: Protocol;
  readonly metaData: MetaData;
  readonly schema: DeltaStruct;
  readonly files: readonly Add[];
  /** Files that are removed, and not yet expired where a checkpoint was read: what a vacuum keeps. */
  readonly tombstones: readonly Remove[];
  /** The last transaction of each application, by its id. */
  readonly transactions: ReadonlyMap<string, Transaction>;
}

/**
 * A table's log, oldest entry first; empty where there is no table. Where another tool has cleaned away the first entries, a checkpoint
 * stands for them, as the first one. Its cost grows with the log: `readSnapshot` is for the state, `readEntries` for the last entries.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where an entry is damaged, or gone and not in a checkpoint.
 */
export async function readLog(table: Store): Promise<LogEntry[]> {
  return readWholeLog(table);
}

/**
 * The entries of a table's log, the newest first, as far back as they are there; each is read when it is asked for.
 *
 * @param newest the version to begin with; the latest when absent.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function* readEntries(table: Store, newest?: number): AsyncGenerator<LogEntry> {
  const from = newest ?? (await readState(table))?.state.version;
  if (from !== undefined) yield* readEntriesBefore(table, from);
}

/** A table may have the feature and no such column: delta-rs names it wherever it sets a property. */
const VARIANT = /"(?:type|elementType|keyType|valueType)"\s*:\s*"variant"/;

/** Numbers of ours in the metadata of columns, which delta-rs writes as text where it changes a schema. */
const NUMBERS = new Set(['lance.vectorLength']);

function parseSchema(text: string): DeltaStruct {
  return JSON.parse(text, (key, value: unknown) =>
    NUMBERS.has(key) && typeof value === 'string' ? Number(value) : value,
  );
}

export function refuseNewer(table: Store, protocol: Protocol, metaData: MetaData): void {
  const format = metaData.configuration[FORMAT_KEY];
  const unknown = [
    ...unsupportedFeatures(protocol),
    ...(VARIANT.test(metaData.schemaString) ? ['columns of type variant'] : []),
    ...(format !== undefined && !(Number(format) <= FORMAT_VERSION) ? [`format ${format}`] : []),
  ];
  if (unknown.length === 0) return;
  const found = `reader ${protocol.minReaderVersion}, writer ${protocol.minWriterVersion}, format ${format ?? 'none'}`;
  throw new OffloadError(
    'LAKE_TOO_NEW',
    `The lake table ${table.locate('')} was made by a newer version, or changed by another tool: it asks for what this version does not know, ${unknown.join(', ')} (${found})`,
    { path: table.locate('') },
  );
}

/**
 * What readers see of a state.
 *
 * @throws OffloadError `LAKE_TOO_NEW` where the table needs a later release.
 */
export function snapshotOf(table: Store, state: LogState): Snapshot {
  const { version, protocol, metaData, files, tombstones, transactions } = state;
  if (!protocol || !metaData)
    throw new OffloadError(
      'LAKE_UNAVAILABLE',
      `The Delta log of ${table.locate('')} has no protocol or schema`,
      { path: table.locate('') },
    );
  refuseNewer(table, protocol, metaData);
  return {
    version,
    protocol,
    metaData,
    schema: parseSchema(metaData.schemaString),
    files: [...files.values()],
    tombstones: [...tombstones.values()],
    transactions,
  };
}

/**
 * Replays a log (PROTOCOL.md, "Action Reconciliation"). One that is cut off behind a version is the table at that version.
 *
 * @throws OffloadError `LAKE_TOO_NEW` where the table needs a later release.
 */
export function replay(table: Store, entries: readonly LogEntry[]): Snapshot | undefined {
  return entries.length === 0 ? undefined : snapshotOf(table, advance(NO_STATE, entries));
}

/**
 * The last version of a table that was committed at a time or before, by the clock of who committed it, as far back as the entries are there.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function versionAt(table: Store, timestampMs: number): Promise<number | undefined> {
  const isThen = ({ commitInfo }: Action) =>
    (commitInfo?.timestamp ?? Number.POSITIVE_INFINITY) <= timestampMs;
  for await (const { version, actions } of readEntries(table)) if (actions.some(isThen)) return version;
  return undefined;
}

/**
 * The state of a Delta table, the latest or that of a version; `undefined` where there is none. It is read from the newest checkpoint and
 * the entries behind it, or from where this process has read it to before.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`; `LAKE_TOO_NEW` where the table needs a later release.
 */
export async function readSnapshot(table: Store, atVersion?: number): Promise<Snapshot | undefined> {
  const read = await readState(table, atVersion);
  return read && snapshotOf(table, read.state);
}

/**
 * Adds one entry to a table's log, if nobody else has taken its version.
 *
 * @returns whether the entry is this caller's.
 */
export async function appendEntry(
  table: Store,
  version: number,
  actions: readonly Partial<Action>[],
): Promise<boolean> {
  const text = actions.map((action) => `${JSON.stringify(action)}\n`).join('');
  return table.putIfAbsent(entryKey(version), text);
}

/** What some entries say happened to a table, in their order. */
export function historyOf(
  entries: readonly LogEntry[],
): { version: number; commitInfo: CommitInfo; adds: number; removes: number }[] {
  return entries.map(({ version, actions }) => ({
    version,
    commitInfo: actions.find((action) => action.commitInfo)?.commitInfo ?? {},
    adds: actions.filter((action) => action.add).length,
    removes: actions.filter((action) => action.remove).length,
  }));
}

const runParameters = z.object({
  runId: z.string().nullable().catch(null),
  ingestionType: z.string().nullable().catch(null),
  sourceVersion: z.number().nullable().catch(null),
});

/** Which run made a commit, as its `commitInfo` says; all null for another tool's. */
export function runOf(commitInfo: CommitInfo): z.output<typeof runParameters> {
  return runParameters.parse(commitInfo.operationParameters ?? {});
}

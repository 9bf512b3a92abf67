import { z } from 'zod';
import { OffloadError } from '@lance-offload/base';
import type { DeltaStruct } from '../types/lake-type.ts';
import { FORMAT_VERSION } from './format.ts';
import {
  actionSchema,
  isTooNew,
  type Action,
  type Add,
  type CommitInfo,
  type MetaData,
  type Protocol,
} from './delta-actions.ts';
import { getText } from '../store/claim.ts';
import type { Store } from '../store/store.ts';

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
}

export interface LogEntry {
  readonly version: number;
  readonly actions: readonly Action[];
}

const LOG = '_delta_log/';
const entryKey = (version: number): string => `${LOG}${String(version).padStart(20, '0')}.json`;

async function listVersions(table: Store): Promise<number[]> {
  const versions: number[] = [];
  for await (const { key } of table.list(LOG)) {
    const version = /^_delta_log\/(\d{20})\.json$/.exec(key)?.[1];
    if (version !== undefined) versions.push(Number.parseInt(version, 10));
  }
  return versions;
}

/** An entry that is gone since it was listed, or has no actions, is no version at which nothing happened: rows would be lost by it. */
function parseEntry(file: string, text: string | undefined): Action[] {
  try {
    const actions = (text ?? '')
      .split('\n')
      .flatMap((line) => (line.trim() === '' ? [] : [actionSchema.parse(JSON.parse(line))]));
    if (actions.length === 0) throw new Error(text === undefined ? 'it is gone' : 'it is empty');
    return actions;
  } catch (error) {
    throw new OffloadError(
      'LAKE_UNAVAILABLE',
      `The Delta log entry ${file} cannot be read as one`,
      { path: file },
      { cause: error },
    );
  }
}

/** All entries of a table's log, oldest first; none where there is no table. */
export async function readLog(table: Store): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (const version of await listVersions(table)) {
    const key = entryKey(version);
    entries.push({ version, actions: parseEntry(table.locate(key), await getText(table, key)) });
  }
  if (entries.some(({ version }, index) => version !== index)) {
    throw new OffloadError(
      'LAKE_UNAVAILABLE',
      `The Delta log in ${table.locate(LOG)} has gaps; was it cleaned by another tool?`,
      { path: table.locate('') },
    );
  }
  return entries;
}

function refuseNewer(table: Store, protocol: Protocol, metaData: MetaData): void {
  const format = metaData.configuration[FORMAT_KEY];
  if (!isTooNew(protocol) && (format === undefined || Number(format) <= FORMAT_VERSION)) return;
  const features = [
    ...new Set([...(protocol.readerFeatures ?? []), ...(protocol.writerFeatures ?? [])]),
  ].join(', ');
  const found = `reader ${protocol.minReaderVersion}, writer ${protocol.minWriterVersion}${features && `, features ${features}`}, format ${format ?? 'none'}`;
  throw new OffloadError(
    'LAKE_TOO_NEW',
    `The lake table ${table.locate('')} was made by a newer version (${found})`,
    {
      path: table.locate(''),
    },
  );
}

/** What makes two references to a data file one: its path and its deletion vector (PROTOCOL.md, "Derived Fields": uniqueId). */
function logicalFile({ path: file, deletionVector: vector }: Pick<Add, 'path' | 'deletionVector'>): string {
  const deleted = vector && [vector.storageType, vector.pathOrInlineDv, vector.offset ?? null];
  return JSON.stringify([file, deleted ?? null]);
}

/**
 * Brings the live files, by their paths, to one commit later. The order of a commit's actions says nothing: a file it
 * removes and adds with another deletion vector stays, in its place; a removal counts only for the vector it names.
 */
function applyCommit(files: Map<string, Add>, actions: readonly Action[]): void {
  const added = actions.flatMap(({ add }) => add ?? []);
  for (const add of added) files.set(add.path, add);
  const kept = new Set(added.map(logicalFile));
  for (const { remove } of actions) {
    const live = remove && files.get(remove.path);
    if (!live || logicalFile(live) !== logicalFile(remove)) continue;
    if (!kept.has(logicalFile(remove))) files.delete(remove.path);
  }
}

/**
 * Replays a log (PROTOCOL.md, "Action Reconciliation"). One that is cut off behind a version is the table at that version.
 *
 * @throws OffloadError `LAKE_TOO_NEW` where the table needs a later release.
 */
export function replay(table: Store, entries: readonly LogEntry[]): Snapshot | undefined {
  const last = entries.at(-1);
  if (!last) return undefined;
  let protocol: Protocol | undefined;
  let metaData: MetaData | undefined;
  const files = new Map<string, Add>();
  for (const { actions } of entries) {
    for (const action of actions) {
      protocol = action.protocol ?? protocol;
      metaData = action.metaData ?? metaData;
    }
    applyCommit(files, actions);
  }
  if (!protocol || !metaData)
    throw new OffloadError(
      'LAKE_UNAVAILABLE',
      `The Delta log of ${table.locate('')} has no protocol or schema`,
      {
        path: table.locate(''),
      },
    );
  refuseNewer(table, protocol, metaData);
  const schema: DeltaStruct = JSON.parse(metaData.schemaString);
  return {
    version: last.version,
    protocol,
    metaData,
    schema,
    files: [...files.values()],
  };
}

/** A log up to a version; empty where there is no such version. */
export function entriesUpTo(entries: readonly LogEntry[], version: number): readonly LogEntry[] {
  return entries.some((entry) => entry.version === version)
    ? entries.filter((entry) => entry.version <= version)
    : [];
}

/** The last version of a table that was committed at a time or before, by the clock of who committed it. */
export function versionAt(entries: readonly LogEntry[], timestampMs: number): number | undefined {
  return entries.findLast(({ actions }) =>
    actions.some(({ commitInfo }) => (commitInfo?.timestamp ?? Number.POSITIVE_INFINITY) <= timestampMs),
  )?.version;
}

/** The state of a Delta table, the latest or that of a version; `undefined` where there is none. */
export async function readSnapshot(table: Store, atVersion?: number): Promise<Snapshot | undefined> {
  const entries = await readLog(table);
  return replay(table, atVersion === undefined ? entries : entriesUpTo(entries, atVersion));
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

/** What happened to a table, newest first. */
export function historyOf(
  entries: readonly LogEntry[],
): { version: number; commitInfo: CommitInfo; adds: number; removes: number }[] {
  return entries
    .map(({ version, actions }) => ({
      version,
      commitInfo: actions.find((action) => action.commitInfo)?.commitInfo ?? {},
      adds: actions.filter((action) => action.add).length,
      removes: actions.filter((action) => action.remove).length,
    }))
    .toReversed();
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

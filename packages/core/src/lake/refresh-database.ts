import type { DuckDBConnection } from '@duckdb/node-api';
import { toOffloadError, type OffloadError } from '@lance-offload/base';
import {
  quoteIdentifier,
  quoteText,
  readSnapshot,
  withDuckDB,
  withScratchFile,
  type Snapshot,
  type Store,
} from '@lance-offload/delta';
import type { Staging } from '../stage/staging.ts';
import { markView, readMarks } from './view-marks.ts';
import {
  createCurrentView,
  createView,
  currentViewOf,
  DELETED,
  foldedNames,
  type LakeViews,
} from './views.ts';

/** Commits of other tables may come one after the other: what one leaves undone, the next of them does. */
const MOST_PASSES = 20;

/** What a view says of itself, as its comment: at which version, and of which folder, since it names files by whole paths. */
const commentOf = (place: Store, version: number): string =>
  `Delta version ${version} of ${place.locate('')}`;
const COMMENT = /^Delta version (\d+) of ([\s\S]*)$/;
const CURRENT = 'Open rows';

/** What lake.duckdb shows: the Delta version of each table that has a view. */
type Shown = Map<string, number>;

/**
 * What is in a lake.duckdb; `undefined` where it is not one that can be brought up to date: a release before 2026-12 wrote it, the lake was
 * moved, or somebody has put something else into it.
 */
async function readShown(connection: DuckDBConnection, staging: Staging): Promise<Shown | undefined> {
  const found = await connection.runAndReadAll(
    `SELECT view_name, comment FROM duckdb_views() WHERE NOT internal
     UNION ALL SELECT table_name, NULL FROM duckdb_tables() WHERE schema_name || '.' || table_name <> ${quoteText(DELETED)}`,
  );
  const shown: Shown = new Map();
  for (const [name, said] of found.getRows()) {
    if (said === CURRENT) continue;
    const [, version, location] = COMMENT.exec(String(said)) ?? [];
    const table = String(name);
    if (location !== staging.table(table).locate('')) return undefined;
    shown.set(table, Number(version));
  }
  return shown;
}

async function comment(connection: DuckDBConnection, view: string, text: string): Promise<void> {
  await connection.run(`COMMENT ON VIEW ${quoteIdentifier(view)} IS ${quoteText(text)}`);
}

/** Takes out the view of a table's open rows, if that is what has its name. */
async function dropCurrent(connection: DuckDBConnection, table: string, shown: Shown): Promise<void> {
  const name = currentViewOf(table);
  if (!foldedNames([...shown.keys()]).has(name.toLowerCase()))
    await connection.run(`DROP VIEW IF EXISTS ${quoteIdentifier(name)}`);
}

/** Takes out what there is of a table. */
async function dropTable(
  connection: DuckDBConnection,
  table: string,
  place: Store,
  shown: Shown,
): Promise<void> {
  if (shown.delete(table)) {
    await dropCurrent(connection, table, shown);
    await connection.run(`DROP VIEW IF EXISTS ${quoteIdentifier(table)}`);
  }
  const marked = await connection.runAndReadAll(
    `SELECT 1 FROM duckdb_tables() WHERE schema_name || '.' || table_name = ${quoteText(DELETED)}`,
  );
  if (marked.currentRowCount > 0)
    await connection.run(`DELETE FROM ${DELETED} WHERE starts_with(file, ${quoteText(place.locate(''))})`);
}

/** A table whose name is that of another one's view of open rows takes it over. */
async function freeName(connection: DuckDBConnection, name: string, shown: Shown): Promise<void> {
  for (const table of shown.keys())
    if (currentViewOf(table).toLowerCase() === name.toLowerCase())
      await dropCurrent(connection, table, shown);
}

async function replaceViews(
  connection: DuckDBConnection,
  table: string,
  place: Store,
  { snapshot, shown, taken }: { snapshot: Snapshot; shown: Shown; taken: ReadonlySet<string> },
): Promise<void> {
  await freeName(connection, table, shown);
  await createView(connection, table, place, snapshot);
  await comment(connection, table, commentOf(place, snapshot.version));
  shown.set(table, snapshot.version);
  if (await createCurrentView(connection, table, snapshot, taken))
    await comment(connection, currentViewOf(table), CURRENT);
}

/** Which tables are to be shown, at which version at least, and the state of those that are known. */
interface Wanted {
  /** All there are, in order. */
  readonly tables: readonly string[];
  readonly marks: ReadonlyMap<string, number>;
  readonly known: ReadonlyMap<string, Snapshot>;
}

async function bringUpToDate(
  connection: DuckDBConnection,
  staging: Staging,
  shown: Shown,
  outdated: readonly string[],
  wanted: Wanted,
): Promise<LakeViews> {
  const taken = foldedNames(wanted.tables);
  const skipped: { table: string; error: OffloadError }[] = [];
  for (const table of outdated) {
    const place = staging.table(table);
    const known = wanted.known.get(table);
    try {
      await dropTable(connection, table, place, shown);
      const isNew = known && known.version >= (wanted.marks.get(table) ?? 0);
      const snapshot = isNew ? known : await readSnapshot(place);
      if (snapshot) await replaceViews(connection, table, place, { snapshot, shown, taken });
    } catch (error) {
      await dropTable(connection, table, place, shown);
      skipped.push({ table, error: toOffloadError(error) });
    }
  }
  await connection.run('CHECKPOINT');
  return { versions: shown, skipped };
}

/** Makes the file anew, with a view of every table. */
function buildDatabase(staging: Staging, wanted: Wanted): Promise<LakeViews> {
  return withScratchFile('lake.duckdb', async (file, read) => {
    const views = await withDuckDB({ file }, (connection) =>
      bringUpToDate(connection, staging, new Map(), wanted.tables, wanted),
    );
    await staging.store.put(staging.keys.database, read());
    return views;
  });
}

/** Replaces the views that are out of date in the file there is; `undefined` where that cannot be done with it. */
async function updateDatabase(staging: Staging, wanted: Wanted): Promise<LakeViews | undefined> {
  const bytes = await staging.store.get(staging.keys.database);
  if (!bytes) return undefined;
  const { tables, marks } = wanted;
  const update = async (file: string, read: () => AsyncIterable<Uint8Array>) => {
    let isChanged = false;
    const views = await withDuckDB({ file }, async (connection) => {
      const shown = await readShown(connection, staging);
      if (!shown || [...shown.keys()].some((table) => !tables.includes(table))) return undefined;
      const outdated = tables.filter((table) => (shown.get(table) ?? -1) < (marks.get(table) ?? -1));
      isChanged = outdated.length > 0;
      if (!isChanged) return { versions: shown, skipped: [] };
      return bringUpToDate(connection, staging, shown, outdated, wanted);
    }).catch(() => undefined); // damaged: what cannot be opened or changed is made anew
    if (views && isChanged) await staging.store.put(staging.keys.database, read());
    return views;
  };
  return withScratchFile('lake.duckdb', update, bytes);
}

/** Marks of what is not there: of tables that were taken out of the lake, and of versions that a restored log has not. */
function wrongMarks({ keys }: Staging, { tables, marks }: Wanted, { versions }: LakeViews): string[] {
  const isWrong = ([table, version]: [string, number]) =>
    !tables.includes(table) || (versions.get(table) ?? version) < version;
  return [...marks].filter(isWrong).map(([table, version]) => keys.viewMark(table, version));
}

/** Notes which tables have no view, so that those who come later try again and name them. */
async function markSkipped(
  staging: Staging,
  { skipped }: LakeViews,
  marks: Map<string, number>,
): Promise<void> {
  for (const { table } of skipped) {
    if (marks.has(table)) continue;
    await markView(staging, table, 0);
    marks.set(table, 0);
  }
}

async function refresh(
  staging: Staging,
  known: ReadonlyMap<string, Snapshot>,
  isWhole: boolean,
): Promise<LakeViews> {
  for (let passes = 1; ; passes++) {
    const marks = new Map((await readMarks(staging)).versions);
    const wanted: Wanted = { tables: await staging.listTables(), marks, known };
    const updated = isWhole ? undefined : await updateDatabase(staging, wanted);
    const views = updated ?? (await buildDatabase(staging, wanted));
    await markSkipped(staging, views, marks);
    const now = await readMarks(staging);
    const isOutdone = [...now.versions].some(([table, version]) => version > (marks.get(table) ?? -1));
    if (isOutdone && passes < MOST_PASSES) continue;
    const needless = [...now.past, ...wrongMarks(staging, wanted, views)];
    if (needless.length > 0) await staging.store.delete(needless);
    return views;
  }
}

/**
 * Builds lake.duckdb anew, with a view of every table, and puts it in the place of the old one: a reader keeps the file it has open, and
 * never blocks a commit.
 *
 * @returns what it has views of, and of what it has none.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export function refreshDatabase(staging: Staging): Promise<LakeViews> {
  return refresh(staging, new Map(), true);
}

/**
 * Brings lake.duckdb up to a version of one table. Other tables cost nothing, unless a commit of theirs has left a mark that the file
 * does not show. A file that is missing, damaged, of a moved lake or of a release before 2026-12 is built anew.
 *
 * @param snapshot of the table at that version.
 * @returns what it has views of, and of which of the tables it looked at it has none.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function refreshView(staging: Staging, table: string, snapshot: Snapshot): Promise<LakeViews> {
  await markView(staging, table, snapshot.version);
  return refresh(staging, new Map([[table, snapshot]]), false);
}

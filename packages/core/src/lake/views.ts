import type { DuckDBConnection } from '@duckdb/node-api';
import { OffloadError, toOffloadError } from '@lance-offload/base';
import {
  withScratchFile,
  liveRows,
  loadDeletedRows,
  readSnapshot,
  quoteIdentifier,
  withDuckDB,
  duckdbTypeOf,
  snapshotAt,
  type Store,
  type DeltaField,
  type Snapshot,
  type LakeMoment,
} from '@lance-offload/delta';
import { END_AT } from './validity.ts';
import type { Staging } from '../stage/staging.ts';

/** Where the views keep which rows are deleted: in a schema of its own, beside that of the views. */
const SCHEMA = 'lance_offload';
const DELETED = `${SCHEMA}.deleted_rows`;

function columnExpression({ name: column, type, metadata }: DeltaField): string {
  const name = quoteIdentifier(column);
  const length = metadata['lance.vectorLength'];
  if (length === undefined || typeof type === 'string' || type.type !== 'array') return name;
  return `${name}::${duckdbTypeOf(type.elementType)}[${length}] AS ${name}`;
}

/** The rows of a table as one SELECT over its live data files, in the table's columns and types. */
function selectRows(table: Store, { schema, files }: Snapshot): string {
  if (files.length > 0) {
    const rows = liveRows(table, files, { deletedTable: DELETED, schema });
    return `SELECT ${schema.fields.map(columnExpression).join(', ')} FROM (${rows})`;
  }
  const nulls = schema.fields.map(
    ({ name, type }) => `NULL::${duckdbTypeOf(type)} AS ${quoteIdentifier(name)}`,
  );
  return `SELECT ${schema.fields.map(columnExpression).join(', ')} FROM (SELECT ${nulls.join(', ')} WHERE false)`;
}

/** Which tables have a view, at which Delta version, and which could not have one. */
export interface LakeViews {
  readonly versions: ReadonlyMap<string, number>;
  readonly skipped: readonly { readonly table: string; readonly error: OffloadError }[];
}

async function createView(
  connection: DuckDBConnection,
  name: string,
  table: Store,
  snapshot: Snapshot,
): Promise<void> {
  if (snapshot.files.some(({ deletionVector }) => deletionVector)) {
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    await loadDeletedRows(connection, DELETED, table, snapshot.files);
  }
  await connection.run(`CREATE VIEW ${quoteIdentifier(name)} AS ${selectRows(table, snapshot)}`);
}

/** `<table>_current`: the open rows of a table that keeps its history, unless a table of the lake has that name. */
async function createCurrentView(
  connection: DuckDBConnection,
  table: string,
  { schema }: Snapshot,
  taken: ReadonlySet<string>,
): Promise<void> {
  const name = `${table}_current`;
  if (taken.has(name.toLowerCase()) || !schema.fields.some((field) => field.name === END_AT)) return;
  await connection.run(
    `CREATE VIEW ${quoteIdentifier(name)} AS SELECT * FROM ${quoteIdentifier(table)} WHERE ${END_AT} IS NULL`,
  );
}

/**
 * Creates a view for each published table of the lake, and a second one of the open rows for each that keeps its history.
 * A table that cannot be read (damaged, made by a newer version, or without the version that is asked for) is left out
 * and named: it must not keep its siblings from being read, or published.
 *
 * @param at which version of each table; the latest when absent.
 */
export async function createViews(
  connection: DuckDBConnection,
  staging: Staging,
  at: LakeMoment = { versions: new Map() },
): Promise<LakeViews> {
  const versions = new Map<string, number>();
  const skipped: { table: string; error: OffloadError }[] = [];
  const tables = await staging.listTables();
  const taken = new Set(tables.map((table) => table.toLowerCase())); // by DuckDB, case does not count
  const unknown = new Set('versions' in at ? at.versions.keys() : []);
  for (const table of tables) {
    const place = staging.table(table);
    try {
      const snapshot = await snapshotAt(table, place, at);
      if (!snapshot) continue;
      unknown.delete(table);
      await createView(connection, table, place, snapshot);
      await createCurrentView(connection, table, snapshot, taken);
      versions.set(table, snapshot.version);
    } catch (error) {
      unknown.delete(table);
      skipped.push({ table, error: toOffloadError(error) });
    }
  }
  for (const table of unknown) {
    const error = new OffloadError('LAKE_NOT_FOUND', `The lake has no published table "${table}"`, { table });
    skipped.push({ table, error });
  }
  return { versions, skipped };
}

async function isCurrent({ versions, skipped }: LakeViews, staging: Staging): Promise<boolean> {
  const unreadable = new Set(skipped.map(({ table }) => table));
  for (const table of await staging.listTables()) {
    if (unreadable.has(table)) continue;
    const snapshot = await readSnapshot(staging.table(table));
    if (snapshot && versions.get(table) !== snapshot.version) return false;
  }
  return true;
}

/**
 * Builds lake.duckdb anew and puts it in the place of the old one: a reader keeps the file it has open, and never blocks a
 * commit. Looks again afterwards, because another commit may have been published meanwhile.
 *
 * @returns what it has views of, and of what it has none.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function refreshDatabase(staging: Staging): Promise<LakeViews> {
  for (;;) {
    const views = await withScratchFile('lake.duckdb', async (file, read) => {
      const created = await withDuckDB({ file }, async (connection) => {
        const made = await createViews(connection, staging);
        await connection.run('CHECKPOINT');
        return made;
      });
      await staging.store.put(staging.keys.database, read());
      return created;
    });
    if (await isCurrent(views, staging)) return views;
  }
}

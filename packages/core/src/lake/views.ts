import type { DuckDBConnection } from '@duckdb/node-api';
import { OffloadError, toOffloadError } from '@lance-offload/base';
import {
  liveRows,
  loadDeletedRows,
  quoteIdentifier,
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
export const DELETED = `${SCHEMA}.deleted_rows`;

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

/** The view of a table's live rows. */
export async function createView(
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

/** What the view of a table's open rows is called. */
export const currentViewOf = (table: string): string => `${table}_current`;

/**
 * `<table>_current`: the open rows of a table that keeps its history, unless a table of the lake has that name.
 *
 * @returns whether there is one.
 */
export async function createCurrentView(
  connection: DuckDBConnection,
  table: string,
  { schema }: Snapshot,
  taken: ReadonlySet<string>,
): Promise<boolean> {
  const name = currentViewOf(table);
  if (taken.has(name.toLowerCase()) || !schema.fields.some((field) => field.name === END_AT)) return false;
  await connection.run(
    `CREATE VIEW ${quoteIdentifier(name)} AS SELECT * FROM ${quoteIdentifier(table)} WHERE ${END_AT} IS NULL`,
  );
  return true;
}

/** Names of tables as DuckDB compares them: case does not count. */
export const foldedNames = (tables: readonly string[]): ReadonlySet<string> =>
  new Set(tables.map((table) => table.toLowerCase()));

/**
 * Creates a view for each published table of the lake, and a second one of the open rows for each that keeps its history.
 * A table that cannot be read (damaged, made by a newer version, or without the version that is asked for) is left out
 * and named: it must not keep its siblings from being read, or published.
 *
 * @param at which version of each table; the latest when absent.
 * @param isWanted leaves out the tables that nobody asks for: reading a table's log takes its time.
 */
export async function createViews(
  connection: DuckDBConnection,
  staging: Staging,
  at: LakeMoment = { versions: new Map() },
  isWanted: (table: string) => boolean = () => true,
): Promise<LakeViews> {
  const versions = new Map<string, number>();
  const skipped: { table: string; error: OffloadError }[] = [];
  const tables = await staging.listTables();
  const taken = foldedNames(tables);
  const unknown = new Set('versions' in at ? at.versions.keys() : []);
  for (const table of tables) {
    if (!isWanted(table)) {
      unknown.delete(table);
      continue;
    }
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

import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { toOffloadError, type OffloadError } from '../errors/offload-error.ts';
import { asLakeError } from '../errors/system-errors.ts';
import type { DeltaField, DeltaType } from '../plan/lake-type.ts';
import { readSnapshot, type Snapshot } from './delta-log.ts';
import { parquetFiles, quoteIdentifier, withDuckDB } from './duckdb.ts';
import { temporaryName } from './files.ts';
import type { Staging } from './staging.ts';

const DUCKDB_TYPES: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  byte: 'TINYINT',
  short: 'SMALLINT',
  integer: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  timestamp_ntz: 'TIMESTAMP',
};

/** DuckDB's name of a Delta type. */
export function duckdbTypeOf(type: DeltaType): string {
  if (typeof type === 'string') return DUCKDB_TYPES[type] ?? type.toUpperCase();
  if (type.type === 'array') return `${duckdbTypeOf(type.elementType)}[]`;
  if (type.type === 'map') return `MAP(${duckdbTypeOf(type.keyType)}, ${duckdbTypeOf(type.valueType)})`;
  return `STRUCT(${type.fields.map((field) => `${quoteIdentifier(field.name)} ${duckdbTypeOf(field.type)}`).join(', ')})`;
}

function columnExpression({ name: column, type, metadata }: DeltaField): string {
  const name = quoteIdentifier(column);
  const length = metadata['lance.vectorLength'];
  if (length === undefined || typeof type === 'string' || type.type !== 'array') return name;
  return `${name}::${duckdbTypeOf(type.elementType)}[${length}] AS ${name}`;
}

/** The rows of a table as one SELECT over its live data files. */
function selectRows(folder: string, snapshot: Snapshot): string {
  const { fields } = snapshot.schema;
  // The empty part gives every column its type, also one that no file holds yet.
  const empty = `SELECT ${fields.map((field) => `NULL::${duckdbTypeOf(field.type)} AS ${quoteIdentifier(field.name)}`).join(', ')} WHERE false`;
  const files = snapshot.files.map((file) => path.join(folder, decodeURIComponent(file.path)));
  if (files.length === 0) return `SELECT ${fields.map(columnExpression).join(', ')} FROM (${empty})`;
  const staged = `SELECT * FROM ${parquetFiles(files, { unionByName: snapshot.columnsDiffer })}`;
  return `SELECT ${fields.map(columnExpression).join(', ')} FROM (${empty} UNION ALL BY NAME ${staged})`;
}

/** Which tables have a view, at which Delta version, and which could not have one. */
export interface LakeViews {
  readonly versions: ReadonlyMap<string, number>;
  readonly skipped: readonly { readonly table: string; readonly error: OffloadError }[];
}

/**
 * Creates a view for each published table of the lake. A table that cannot be read (damaged, or made by a newer
 * version) is left out and named: it must not keep its siblings from being read, or published.
 */
export async function createViews(connection: DuckDBConnection, staging: Staging): Promise<LakeViews> {
  const versions = new Map<string, number>();
  const skipped: { table: string; error: OffloadError }[] = [];
  for (const table of await staging.listTables()) {
    const folder = staging.paths.table(table);
    try {
      const snapshot = await readSnapshot(folder);
      if (!snapshot) continue;
      await connection.run(`CREATE VIEW ${quoteIdentifier(table)} AS ${selectRows(folder, snapshot)}`);
      versions.set(table, snapshot.version);
    } catch (error) {
      skipped.push({ table, error: toOffloadError(error) });
    }
  }
  return { versions, skipped };
}

async function isCurrent({ versions, skipped }: LakeViews, staging: Staging): Promise<boolean> {
  const unreadable = new Set(skipped.map(({ table }) => table));
  for (const table of await staging.listTables()) {
    if (unreadable.has(table)) continue;
    const snapshot = await readSnapshot(staging.paths.table(table));
    if (snapshot && versions.get(table) !== snapshot.version) return false;
  }
  return true;
}

/**
 * Rebuilds lake.duckdb beside the old one and renames it into place: a reader keeps the file it has open, and never
 * blocks a commit. Looks again afterwards, because another commit may have been published meanwhile.
 */
export async function refreshDatabase(staging: Staging): Promise<void> {
  for (;;) {
    const temporary = temporaryName(staging.paths.database);
    let views: LakeViews;
    try {
      views = await withDuckDB({ file: temporary }, async (connection) => {
        const created = await createViews(connection, staging);
        await connection.run('CHECKPOINT');
        return created;
      });
      await rename(temporary, staging.paths.database);
    } catch (error) {
      await rm(temporary, { force: true });
      await rm(`${temporary}.wal`, { force: true });
      throw asLakeError(error, 'rebuild', staging.paths.database);
    }
    if (await isCurrent(views, staging)) return;
  }
}

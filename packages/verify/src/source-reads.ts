import { OffloadError } from '@lance-offload/base';
import type { LanceClient, LanceField } from '@lance-offload/lancedb';
import {
  lakeSchemaOf,
  writeTypes,
  judgeAgain,
  bytesPerRow,
  rowsPerPage,
  columnsNamed,
  SWEEP_ROWS_PER_PAGE,
} from '@lance-offload/core';
import type { LakeTable } from './lake-table.ts';
import type { SourceRead } from './read-source.ts';

/** What is read of a source, but for the place it goes to. */
export type Reading = Omit<SourceRead, 'folder'>;

/** The source's columns at the version the lake holds; all of them, and those the lake holds. */
export interface SourceColumns {
  readonly fields: readonly LanceField[];
  readonly columns: readonly LanceField[];
}

/**
 * @throws OffloadError `VERSION_GONE`, also where the table was made anew and has another version of that number, or
 *   `SCHEMA_MISMATCH` where that version lacks a column it had.
 */
export async function describeSource(
  { selection, sourceVersion, state, committedAtMs }: LakeTable,
  source: LanceClient,
): Promise<SourceColumns> {
  const { table } = selection;
  const told = await judgeAgain({ table, sourceVersion, identity: state.identity, committedAtMs }, source);
  if (told?.is === 'made anew')
    throw new OffloadError(
      'VERSION_GONE',
      `Table "${table}" was dropped and made anew at the source since the lake's last commit (${told.why}): the rows the lake holds of version ${sourceVersion} are those of the old table; lance-offload run ${table} goes on from there`,
      { table },
    );
  const { fields } = await source.describe(selection.table, sourceVersion);
  const columns = columnsNamed({ columns: [...fields] }, selection.columns);
  const lacking = selection.columns.find((name) => !columns.some((column) => column.name === name));
  if (lacking === undefined) return { fields, columns };
  const message = `Version ${sourceVersion} of table "${selection.table}" has no column "${lacking}", which the lake took from it; is ${source.url} another source?`;
  throw new OffloadError('SCHEMA_MISMATCH', message, { table: selection.table, column: lacking });
}

/** Reads the rows the lake's last commit selected. */
export async function rowsReading(
  { selection, sourceVersion, snapshot, names, compares }: LakeTable,
  { fields, columns }: SourceColumns,
  source: LanceClient,
  limits: { readonly pageBytes: number; readonly batchSize: number | undefined },
): Promise<Reading> {
  const { table, filter, search, offset } = selection;
  const stats = await source.stats(table);
  const size = {
    rows: stats?.num_rows ?? Number.POSITIVE_INFINITY,
    bytesPerRow: bytesPerRow(columns, fields, stats),
  };
  const written = [...names.primaryKeys, ...(names.sequence === undefined ? [] : [names.sequence])];
  const runSchema = lakeSchemaOf({ columns: [...columns], withRowId: false });
  return {
    scan: {
      table,
      version: sourceVersion,
      id: 'rows',
      rowsPerPage: rowsPerPage(size, limits),
      pageBytes: limits.pageBytes,
      columns: columns.length < fields.length ? columns.map(({ name }) => name) : undefined,
      filter: filter ?? undefined,
      search,
    },
    offset,
    transform: {
      columns,
      written,
      // Keys that are one in the lake only cannot be compared with those of the source.
      ...(compares === 'keys' && { exact: written }),
      writeTypes: writeTypes(snapshot.schema, runSchema),
      hashesBits: true,
    },
  };
}

/** Reads the keys of all rows of the version, selected or not. */
export function keysReading(
  { selection, sourceVersion, names }: LakeTable,
  { columns }: SourceColumns,
  pageBytes: number,
): Reading {
  const keys = columnsNamed({ columns: [...columns] }, names.primaryKeys);
  const { table } = selection;
  return {
    scan: {
      table,
      version: sourceVersion,
      id: 'keys',
      rowsPerPage: SWEEP_ROWS_PER_PAGE,
      pageBytes,
      columns: names.primaryKeys,
    },
    offset: 0,
    transform: { columns: keys, exact: names.primaryKeys },
  };
}

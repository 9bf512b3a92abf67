import { closest } from 'fastest-levenshtein';
import type { TableOptions } from '../config/table-options.ts';
import { OffloadError } from '../errors/offload-error.ts';
import { arrowTypeOf, showLanceType, type LanceField } from '../lancedb/lance-type.ts';
import { RESERVED_COLUMNS } from '../lake/lineage.ts';
import { holdsBinary, lakeTypeOf } from './lake-type.ts';

/** The columns a run offloads, those it leaves out, and what the lake keeps less exactly than the source. */
export interface ColumnPlan {
  readonly columns: readonly LanceField[];
  readonly droppedColumns: readonly { readonly name: string; readonly reason: string }[];
  readonly notes: readonly string[];
}

function isBinary(field: LanceField): boolean {
  const type = arrowTypeOf(field.type);
  return type !== undefined && holdsBinary(type);
}

function unknownColumn(table: string, name: string, known: readonly string[]): string {
  const nearest = known.length > 0 ? `; did you mean "${closest(name, known)}"?` : '';
  return `columns: table "${table}" has no column "${name}"${nearest}`;
}

function unsupported(table: string, field: LanceField, others: readonly LanceField[]): OffloadError {
  const remedy = JSON.stringify(others.filter(({ name }) => name !== field.name).map(({ name }) => name));
  const message = `Column "${field.name}" of table "${table}" has type ${showLanceType(field.type)}, which the lake cannot hold; leave it out with columns: ${remedy}`;
  return new OffloadError('TYPE_UNSUPPORTED', message, { table, column: field.name });
}

const RESERVED_NAMES = new Set([...RESERVED_COLUMNS].map((name) => name.toLowerCase()));

/** Delta and DuckDB take `Id` and `id` for one column. */
function refuseCaseTwins(table: string, columns: readonly LanceField[]): void {
  const seen = new Map<string, string>();
  for (const { name } of columns) {
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined)
      throw new OffloadError(
        'SCHEMA_MISMATCH',
        `Columns "${twin}" and "${name}" of table "${table}" differ in case only, which the lake cannot tell apart; leave one out with columns`,
        { table, column: name },
      );
    seen.set(name.toLowerCase(), name);
  }
}

/**
 * Chooses the columns of a run.
 *
 * @throws OffloadError `CONFIG_INVALID` for names the table does not have, `TYPE_UNSUPPORTED` for a type that has no
 *   place in the lake, `SCHEMA_MISMATCH` for a source column named like one of the lake's own.
 */
export function planColumns(table: string, fields: readonly LanceField[], options: TableOptions): ColumnPlan {
  const known = fields.map(({ name }) => name);
  const wanted = options.columns;
  const unknown = (wanted ?? []).filter((name) => !known.includes(name));
  const binary = options.binary_columns ?? 'keep'; // APPEND_ONLY keeps them unless told otherwise
  const chosen = fields.filter(({ name }) => wanted === undefined || wanted.includes(name));
  const binaries = chosen.filter(isBinary).map(({ name }) => name);
  const problems = unknown.map((name) => unknownColumn(table, name, known));
  if (binary === 'error' && binaries.length > 0) {
    problems.push(
      `binary_columns is "error" and table "${table}" has binary columns: ${binaries.join(', ')}; leave them out with columns, or set binary_columns to keep or drop`,
    );
  }
  if (problems.length > 0) throw new OffloadError('CONFIG_INVALID', problems.join('; '), { table, problems });

  const columns = binary === 'drop' ? chosen.filter(({ name }) => !binaries.includes(name)) : chosen;
  const reserved = columns.find(({ name }) => RESERVED_NAMES.has(name.toLowerCase()));
  if (reserved) {
    throw new OffloadError(
      'SCHEMA_MISMATCH',
      `Table "${table}" has a column "${reserved.name}", a name the lake uses itself`,
      { table, column: reserved.name },
    );
  }
  refuseCaseTwins(table, columns);
  if (columns.length === 0)
    throw new OffloadError('CONFIG_INVALID', `Of table "${table}" no column is left to offload`, { table });
  return {
    columns,
    droppedColumns:
      binary === 'drop' ? binaries.map((name) => ({ name, reason: 'binary (binary_columns: drop)' })) : [],
    notes: columns.flatMap((field) => notesOn(table, field, columns)),
  };
}

function notesOn(table: string, field: LanceField, columns: readonly LanceField[]): string[] {
  const type = arrowTypeOf(field.type);
  const lake = type && lakeTypeOf(type);
  if (!lake) throw unsupported(table, field, columns);
  return [...new Set(lake.notes)].map((note) => `column "${field.name}": ${note}`);
}

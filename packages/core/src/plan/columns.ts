import { didYouMean, isScd, OffloadError, type TableOptions } from '@lance-offload/base';
import {
  arrowTypeOf,
  showLanceType,
  extensionOf,
  holdsBlob,
  type LanceField,
  type Search,
} from '@lance-offload/lancedb';
import { holdsBinary, lakeTypeOf } from '@lance-offload/delta';
import { refuseNames } from './column-names.ts';
import { neededColumns, planIngestion, type Ingestion } from './ingestion.ts';
import { planSearch } from './search.ts';

/** The columns a run offloads, those it leaves out, and what the lake keeps less exactly than the source. */
export interface ColumnPlan {
  readonly ingestion: Ingestion;
  readonly columns: readonly LanceField[];
  /** What is searched for, where a `query_vector` is given. */
  readonly search?: Search | undefined;
  readonly droppedColumns: readonly { readonly name: string; readonly reason: string }[];
  readonly notes: readonly string[];
}

function isBinary(field: LanceField): boolean {
  const type = arrowTypeOf(field.type);
  return holdsBlob(field) || (type !== undefined && holdsBinary(type));
}

function unknownColumn(table: string, name: string, known: readonly string[]): string {
  return `columns: table "${table}" has no column "${name}"${didYouMean(name, known)}`;
}

function unsupported(
  table: string,
  field: LanceField,
  others: readonly LanceField[],
  what = `has type ${showLanceType(field.type)}, which the lake cannot hold`,
): OffloadError {
  const remedy = JSON.stringify(others.filter(({ name }) => name !== field.name).map(({ name }) => name));
  const message = `Column "${field.name}" of table "${table}" ${what}; leave it out with columns: ${remedy}`;
  return new OffloadError('TYPE_UNSUPPORTED', message, { table, column: field.name });
}

type BinaryRule = 'keep' | 'drop' | 'error';

/** Binary columns stay in APPEND_ONLY. Under SCD they are left out, unless the options say otherwise. */
function binaryRule(options: TableOptions, { ingestionType }: Ingestion): BinaryRule {
  return options.binary_columns ?? (isScd(ingestionType) ? 'drop' : 'keep');
}

/** What the options say of binary columns that cannot be: naming one that the mode leaves out, or having one at all. */
function binaryProblems(
  table: string,
  binaries: readonly string[],
  { ingestionType }: Ingestion,
  options: TableOptions,
): string[] {
  if (binaries.length === 0) return [];
  const list = binaries.map((name) => `"${name}"`).join(', ');
  if (options.binary_columns === 'error')
    return [
      `binary_columns is "error" and table "${table}" has binary columns: ${list}; leave them out with columns, or set binary_columns to keep or drop`,
    ];
  if (options.binary_columns !== undefined || options.columns === undefined || !isScd(ingestionType))
    return [];
  return [
    `columns: ${list} of table "${table}" are binary, which ${ingestionType} leaves out; take them out of columns (keep a reference in their place, such as a path), or use ingestion_type APPEND_ONLY; binary_columns: keep offloads them all the same`,
  ];
}

/**
 * Chooses the columns of a run, and settles its keys, sequence and cursor among them.
 *
 * @throws OffloadError `CONFIG_INVALID` with all that does not fit the table, `TYPE_UNSUPPORTED` for a type that has no
 *   place in the lake, `SCHEMA_MISMATCH` for names, at any depth, that the lake or its readers cannot tell apart or open.
 */
export function planColumns(table: string, fields: readonly LanceField[], options: TableOptions): ColumnPlan {
  const known = fields.map(({ name }) => name);
  const wanted = options.columns;
  const unknown = (wanted ?? []).filter((name) => !known.includes(name));
  const { ingestion, problems: ingestionProblems } = planIngestion(fields, options);
  const needed = neededColumns(ingestion);
  const chosen = fields.filter(({ name }) => wanted === undefined || wanted.includes(name));
  // A binary key is what names the row: it is narrow, and it stays.
  const binaries = chosen
    .filter((field) => isBinary(field) && !needed.has(field.name))
    .map(({ name }) => name);
  const { search, problems: searchProblems } = planSearch(
    fields,
    options,
    chosen.map(({ name }) => name),
  );
  const problems = [
    ...unknown.map((name) => unknownColumn(table, name, known)),
    ...ingestionProblems,
    ...searchProblems,
    ...binaryProblems(table, binaries, ingestion, options),
  ];
  if (problems.length > 0)
    throw new OffloadError('CONFIG_INVALID', `Table "${table}": ${problems.join('; ')}`, { table, problems });

  const dropped = binaryRule(options, ingestion) === 'drop' ? binaries : [];
  const columns = chosen.filter(({ name }) => !dropped.includes(name));
  refuseNames(table, columns);
  if (columns.length === 0)
    throw new OffloadError('CONFIG_INVALID', `Of table "${table}" no column is left to offload`, { table });
  const reason = options.binary_columns === 'drop' ? 'binary_columns: drop' : ingestion.ingestionType;
  return {
    ingestion,
    columns,
    ...(search && { search }),
    droppedColumns: dropped.map((name) => ({ name, reason: `binary (${reason})` })),
    notes: columns.flatMap((field) => notesOn(table, field, columns)),
  };
}

function notesOn(table: string, field: LanceField, columns: readonly LanceField[]): string[] {
  const type = arrowTypeOf(field.type);
  const lake = type && lakeTypeOf(type);
  if (!lake) throw unsupported(table, field, columns);
  const extension = extensionOf(field);
  if (extension !== undefined) throw unsupported(table, field, columns, extension);
  return [...new Set(lake.notes)].map((note) => `column "${field.name}": ${note}`);
}

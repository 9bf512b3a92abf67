import * as arrow from 'apache-arrow';
import {
  didYouMean,
  dictionaryTypeOf,
  isScd,
  type IngestionType,
  type TableOptions,
} from '@lance-offload/base';
import { arrowTypeOf, showLanceType, type LanceField } from '@lance-offload/lancedb';
import { isCursorType } from './cursor-value.ts';
import type { RunPlan } from './run-plan.ts';

/** How a run's rows are brought into the lake, as the plan keeps it. */
export type Ingestion = Pick<
  RunPlan,
  'ingestionType' | 'primaryKeys' | 'sequenceBy' | 'sequenceRequired' | 'cursorField' | 'changeTracking'
>;

/** Whether values of a type can name a row: exact, scalar, comparable. */
function isKeyType(type: arrow.DataType): boolean {
  if (arrow.DataType.isDictionary(type)) return isKeyType(dictionaryTypeOf(type));
  const nested = (type.children ?? []).length > 0;
  return !nested && !arrow.DataType.isFloat(type) && !arrow.DataType.isNull(type);
}

interface Checked {
  readonly option: 'primary_keys' | 'sequence_by' | 'cursor_field';
  readonly fits: (type: arrow.DataType) => boolean;
  readonly wanted: string;
}

const KEY: Checked = {
  option: 'primary_keys',
  fits: isKeyType,
  wanted: 'a scalar that is no float: nested values, vectors and floats cannot name a row',
};
const ORDERED = { fits: isCursorType, wanted: 'a number, a string, a date or a timestamp' };
const SEQUENCE: Checked = { option: 'sequence_by', ...ORDERED };
const CURSOR: Checked = { option: 'cursor_field', ...ORDERED };

function problemOf(
  name: string,
  { option, fits, wanted }: Checked,
  fields: readonly LanceField[],
  selected: readonly string[] | undefined,
): string | undefined {
  const field = fields.find((candidate) => candidate.name === name);
  if (!field) {
    const known = fields.map((candidate) => candidate.name);
    return `${option}: there is no column "${name}"${didYouMean(name, known)}`;
  }
  if (selected && !selected.includes(name)) return `${option}: "${name}" is not among \`columns\``;
  const type = arrowTypeOf(field.type);
  if (type && fits(type)) return undefined;
  return `${option}: "${name}" is ${showLanceType(field.type)}; it must be ${wanted}`;
}

/** Columns that an ingestion cannot do without. */
export function neededColumns({ primaryKeys, sequenceBy, cursorField }: Ingestion): Set<string> {
  return new Set([
    ...primaryKeys,
    ...(sequenceBy === null ? [] : [sequenceBy]),
    ...(cursorField === undefined ? [] : [cursorField]),
  ]);
}

/**
 * Settles keys, sequence and cursor of a run, and says what of them does not fit the table's columns. `sequence_by`
 * falls back to `cursor_field`, and without that to the source's version.
 */
export function planIngestion(
  fields: readonly LanceField[],
  options: TableOptions,
): { readonly ingestion: Ingestion; readonly problems: readonly string[] } {
  const ingestionType: IngestionType = options.ingestion_type ?? 'APPEND_ONLY';
  const keyed = isScd(ingestionType);
  const primaryKeys = keyed ? (options.primary_keys ?? []) : [];
  const { sequence_by: sequenceBy, cursor_field: cursorField } = options;
  const check = (name: string, checked: Checked) => problemOf(name, checked, fields, options.columns) ?? [];
  return {
    ingestion: {
      ingestionType,
      primaryKeys,
      sequenceBy: keyed ? (sequenceBy ?? cursorField ?? null) : null,
      sequenceRequired: keyed && sequenceBy !== undefined,
      ...(cursorField !== undefined && { cursorField }),
      ...(options.change_tracking !== undefined && { changeTracking: options.change_tracking }),
    },
    problems: [
      ...(keyed && primaryKeys.length === 0
        ? [`primary_keys: ${ingestionType} needs the columns that name a row`]
        : []),
      ...(new Set(primaryKeys).size < primaryKeys.length ? ['primary_keys: a column is named twice'] : []),
      ...primaryKeys.flatMap((name) => check(name, KEY)),
      ...(keyed && sequenceBy !== undefined ? [check(sequenceBy, SEQUENCE)].flat() : []),
      ...(cursorField === undefined ? [] : [check(cursorField, CURSOR)].flat()),
    ],
  };
}

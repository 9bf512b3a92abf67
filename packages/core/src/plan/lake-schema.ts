import * as arrow from 'apache-arrow';
import { OffloadError } from '@lance-offload/base';
import { ROW_ID, arrowTypeOf, showLanceType, DISTANCE, type LanceField } from '@lance-offload/lancedb';
import {
  deltaField,
  lakeTypeOf,
  isWidening,
  wasWidened,
  widenField,
  type DeltaField,
  type DeltaStruct,
  type DeltaType,
  type WriteType,
} from '@lance-offload/delta';
import { END_AT, START_AT } from '../lake/validity.ts';
import { LINEAGE_FIELDS, RESERVED_COLUMNS } from '../lake/lineage.ts';
import { byFoldedName } from './folded-names.ts';
import { showDeltaType } from './lake-columns.ts';
import { columnsNamed, type RunPlan } from './run-plan.ts';

/** Facts about a source column that its Delta type does not tell, kept in the field's metadata. */
function metadataOf(field: LanceField, type: arrow.DataType): DeltaField['metadata'] {
  const vector = arrow.DataType.isFixedSizeList(type) && arrow.DataType.isFloat(type.children[0]?.type);
  return { 'lance.type': showLanceType(field.type), ...(vector && { 'lance.vectorLength': type.listSize }) };
}

function columnOf(field: LanceField): DeltaField {
  const type = arrowTypeOf(field.type);
  const lake = type && lakeTypeOf(type);
  if (!type || !lake)
    throw new OffloadError('TYPE_UNSUPPORTED', `Column "${field.name}" has a type the lake cannot hold`, {
      column: field.name,
    });
  return deltaField(field.name, lake.delta, metadataOf(field, type));
}

/** What of a plan decides the types of its files; `writeTypes` are known once the plan has met the lake. */
interface SchemaPlan
  extends
    Pick<RunPlan, 'columns' | 'withRowId'>,
    Partial<Pick<RunPlan, 'ingestionType' | 'sequenceBy' | 'search'>> {
  readonly writeTypes?: readonly WriteType[] | undefined;
}

/** The bounds of a version's validity, typed as what orders the versions: a column, or the source version. */
function historyFields({ columns, ingestionType, sequenceBy }: SchemaPlan): DeltaField[] {
  if (ingestionType !== 'SCD_TYPE_2') return [];
  const [sequence] = columnsNamed({ columns }, typeof sequenceBy === 'string' ? [sequenceBy] : []);
  const type = sequence ? columnOf(sequence).type : 'long';
  return [deltaField(START_AT, type), deltaField(END_AT, type)];
}

/** The Delta schema a run's files have: the source's columns, then the lake's own. */
export function lakeSchemaOf(plan: SchemaPlan): DeltaStruct {
  const rowId = plan.withRowId ? [deltaField(ROW_ID, 'long')] : [];
  const distance = plan.search ? [deltaField(DISTANCE, 'float')] : [];
  const fields = [
    ...plan.columns.map(columnOf),
    ...distance,
    ...rowId,
    ...LINEAGE_FIELDS,
    ...historyFields(plan),
  ];
  const written = new Map(plan.writeTypes?.map(({ column, type }) => [column, type]));
  return {
    type: 'struct',
    fields: fields.map((field) => ({ ...field, type: written.get(field.name) ?? field.type })),
  };
}

function sameType(a: DeltaType, b: DeltaType): boolean {
  return JSON.stringify(a, withoutMetadata) === JSON.stringify(b, withoutMetadata);
}

function withoutMetadata(key: string, value: unknown): unknown {
  return key === 'metadata' ? undefined : value;
}

/** The units of a column's durations: numbers in the lake, which must go on counting the same. */
function unitsOf({ metadata }: DeltaField): string {
  const units = String(metadata['lance.type']).matchAll(/\bduration:\w+/g);
  return Array.from(units, ([unit]) => unit).join();
}

const showType = ({ type }: DeltaField): string => showDeltaType(type);

/** Why a run's column cannot go into the lake's column of its name, or `undefined` where it can. */
function misfit(before: DeltaField, now: DeltaField): string | undefined {
  const differ = (show: (field: DeltaField) => string) =>
    `"${now.name}" is "${show(before)}" in the lake and "${show(now)}" at the source`;
  if (before.name !== now.name)
    return `"${now.name}" is called "${before.name}" in the lake, where case does not count`;
  const [was, is] = [before.metadata['lance.vectorLength'], now.metadata['lance.vectorLength']];
  if (was !== is)
    return `"${now.name}" was a vector of ${was ?? 'any'} dimensions and is one of ${is ?? 'any'}`;
  if (unitsOf(before) !== unitsOf(now))
    return differ((field) => String(field.metadata['lance.type'] ?? showType(field)));
  const { type } = before;
  if (sameType(type, now.type) || isWidening(type, now.type) || isWidening(now.type, type)) return undefined;
  const nested = typeof type !== 'string' && typeof now.type !== 'string';
  const reason = nested ? ' (no change inside a struct, list or map is followed)' : '';
  return differ(showType) + reason;
}

/** How to leave the source columns that do not fit out of the run; empty where that cannot be. */
function leaveOut(misfits: readonly string[], run: DeltaStruct): string {
  const columns = run.fields.map(({ name }) => name).filter((name) => !RESERVED_COLUMNS.has(name));
  const others = columns.filter((name) => !misfits.includes(name));
  if (others.length === 0 || others.length === columns.length) return '';
  return `leave ${misfits.length > 1 ? 'them' : 'it'} out with columns: ${JSON.stringify(others)}, or `;
}

function refuseMisfits(table: string, misfits: ReadonlyMap<string, string>, run: DeltaStruct): void {
  if (misfits.size === 0) return;
  // The bounds have the sequence's type: they say nothing new beside it.
  const sources = [...misfits.keys()].filter((name) => !RESERVED_COLUMNS.has(name));
  const named = sources.length > 0 ? sources : [...misfits.keys()];
  const problems = named.flatMap((name) => misfits.get(name) ?? []);
  throw new OffloadError(
    'SCHEMA_MISMATCH',
    `Table "${table}" no longer fits its lake table: ${problems.join('; ')}; ${leaveOut(named, run)}start a new lake table with destination_table`,
    { table, problems },
  );
}

/**
 * The lake's schema once a run's rows are added: its own columns, each in the wider of the two types, then those that
 * are new. Columns are matched by name; one that the run lacks stays, as does a type that is wider than the run's.
 *
 * @throws OffloadError `SCHEMA_MISMATCH`, naming every column whose type or vector length differs otherwise.
 */
export function mergeSchemas(table: string, lake: DeltaStruct | undefined, run: DeltaStruct): DeltaStruct {
  if (!lake) return run;
  const existing = byFoldedName(lake.fields);
  const misfits = new Map<string, string>();
  const wider = new Map<string, DeltaField>();
  for (const field of run.fields) {
    const before = existing(field.name);
    if (!before) continue;
    const reason = misfit(before, field);
    if (reason !== undefined) misfits.set(field.name, reason);
    else if (isWidening(before.type, field.type)) wider.set(before.name, widenField(before, field));
  }
  refuseMisfits(table, misfits, run);
  const added = run.fields.filter(({ name }) => !existing(name));
  return {
    type: 'struct',
    fields: [...lake.fields.map((field) => wider.get(field.name) ?? field), ...added],
  };
}

/** The columns of a run that the lake has in a wider type, which is the one to write them in. */
export function writeTypes(merged: DeltaStruct, run: DeltaStruct): WriteType[] {
  const types = new Map(merged.fields.map(({ name, type }) => [name, type]));
  return run.fields.flatMap(({ name, type }) => {
    const wide = types.get(name);
    return typeof wide === 'string' && isWidening(type, wide) ? [{ column: name, type: wide }] : [];
  });
}

/**
 * Table properties a schema asks for: Delta lets a writer widen a column only where `delta.enableTypeWidening` is set
 * (PROTOCOL.md, "Type Widening").
 */
export function schemaProperties(schema: DeltaStruct): Record<string, string> {
  return schema.fields.some(wasWidened) ? { 'delta.enableTypeWidening': 'true' } : {};
}

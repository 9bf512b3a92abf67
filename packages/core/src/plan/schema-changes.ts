import type { DeltaField, DeltaStruct } from '@lance-offload/delta';
import { RESERVED_COLUMNS } from '../lake/lineage.ts';
import { showDeltaType } from './lake-columns.ts';

/** What a run changes of one column of its lake table. */
export interface SchemaChange {
  readonly column: string;
  /** `dropped`: the source has it no longer, or `columns` leaves it out; the lake keeps it. */
  readonly change: 'added' | 'dropped' | 'widened';
  /** Delta types, as Spark SQL writes them. */
  readonly from?: string;
  readonly to?: string;
}

const ofSource = ({ name }: DeltaField): boolean => !RESERVED_COLUMNS.has(name);
const byName = (schema: DeltaStruct): Map<string, DeltaField> =>
  new Map(schema.fields.map((field) => [field.name, field]));

function changeOf(before: DeltaField, after: DeltaField | undefined, inRun: boolean): SchemaChange[] {
  const from = showDeltaType(before.type);
  if (!inRun) return [{ column: before.name, change: 'dropped', from }];
  const to = after && showDeltaType(after.type);
  return to === undefined || to === from ? [] : [{ column: before.name, change: 'widened', from, to }];
}

/**
 * How a run changes the source's columns in its lake table: those the table has in its order, then the new ones. The
 * lake's own columns never count; nor does anything where there is no table yet.
 *
 * @param merged what `mergeSchemas` made of `lake` and `run`.
 */
export function schemaChanges(
  lake: DeltaStruct | undefined,
  merged: DeltaStruct,
  run: DeltaStruct,
): SchemaChange[] {
  if (!lake) return [];
  const [inLake, inMerged, inRun] = [byName(lake), byName(merged), byName(run)];
  return [
    ...lake.fields
      .filter(ofSource)
      .flatMap((field) => changeOf(field, inMerged.get(field.name), inRun.has(field.name))),
    ...merged.fields
      .filter((field) => ofSource(field) && !inLake.has(field.name))
      .map(({ name, type }): SchemaChange => ({ column: name, change: 'added', to: showDeltaType(type) })),
  ];
}

/** A change in words. */
export function showSchemaChange({ column, change, from, to }: SchemaChange): string {
  if (change === 'added') return `column "${column}" is new (${to}): null in the rows the lake has`;
  if (change === 'dropped') return `column "${column}" is not in this run (${from}): null in its rows`;
  return `column "${column}" is widened from ${from} to ${to}: from then on readers need Delta's typeWidening`;
}

/** Whether a note of a plan or a report is a change in the words of `showSchemaChange`. */
export function isSchemaChangeNote(note: string): boolean {
  return /^column ".*" is (?:new \(|not in this run \(|widened from )/s.test(note);
}

import * as arrow from 'apache-arrow';
import { OffloadError } from '../errors/offload-error.ts';
import { LINEAGE_FIELDS, ROW_ID } from '../lake/lineage.ts';
import { arrowTypeOf, showLanceType, type LanceField } from '../lancedb/lance-type.ts';
import { deltaField, lakeTypeOf, type DeltaField, type DeltaStruct, type DeltaType } from './lake-type.ts';
import type { RunPlan } from './run-plan.ts';

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

/** The Delta schema a run's rows have. */
export function lakeSchemaOf(plan: Pick<RunPlan, 'columns' | 'withRowId'>): DeltaStruct {
  const rowId = plan.withRowId ? [deltaField(ROW_ID, 'long')] : [];
  return { type: 'struct', fields: [...plan.columns.map(columnOf), ...rowId, ...LINEAGE_FIELDS] };
}

function sameType(a: DeltaType, b: DeltaType): boolean {
  return JSON.stringify(a, withoutMetadata) === JSON.stringify(b, withoutMetadata);
}

function withoutMetadata(key: string, value: unknown): unknown {
  return key === 'metadata' ? undefined : value;
}

/**
 * The lake's schema once a run's rows are added: its own columns, then those that are new. Columns are matched by name.
 *
 * @throws OffloadError `SCHEMA_MISMATCH`, naming every column whose type or vector length differs.
 */
export function mergeSchemas(table: string, lake: DeltaStruct | undefined, run: DeltaStruct): DeltaStruct {
  if (!lake) return run;
  const existing = new Map(lake.fields.map((field) => [field.name.toLowerCase(), field]));
  const problems = run.fields.flatMap((field) => {
    const before = existing.get(field.name.toLowerCase());
    if (!before) return [];
    if (before.name !== field.name)
      return [`"${field.name}" is called "${before.name}" in the lake, where case does not count`];
    const [was, is] = [before.metadata['lance.vectorLength'], field.metadata['lance.vectorLength']];
    if (was !== is)
      return [`"${field.name}" was a vector of ${was ?? 'any'} dimensions and is one of ${is ?? 'any'}`];
    return sameType(before.type, field.type)
      ? []
      : [
          `"${field.name}" is ${JSON.stringify(before.type)} in the lake and ${JSON.stringify(field.type)} at the source`,
        ];
  });
  if (problems.length > 0) {
    throw new OffloadError(
      'SCHEMA_MISMATCH',
      `Table "${table}" no longer fits its lake table: ${problems.join('; ')}`,
      { table, problems },
    );
  }
  return {
    type: 'struct',
    fields: [...lake.fields, ...run.fields.filter(({ name }) => !existing.has(name.toLowerCase()))],
  };
}

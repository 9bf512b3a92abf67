import { arrowTypeOf, showLanceType, type LanceField } from '@lance-offload/lancedb';
import { lakeTypeOf, type DeltaType } from '@lance-offload/delta';

/** A column at the source and in the lake, for people. */
export interface LakeColumn {
  readonly name: string;
  readonly sourceType: string;
  readonly nullable: boolean;
  /** `undefined` where the lake cannot hold the type. */
  readonly lakeType: string | undefined;
  readonly notes: readonly string[];
}

/** A Delta type on one line, as Spark SQL writes it. */
export function showDeltaType(type: DeltaType): string {
  if (typeof type === 'string') return type;
  if (type.type === 'array') return `array<${showDeltaType(type.elementType)}>`;
  if (type.type === 'map') return `map<${showDeltaType(type.keyType)}, ${showDeltaType(type.valueType)}>`;
  return `struct<${type.fields.map((field) => `${field.name}: ${showDeltaType(field.type)}`).join(', ')}>`;
}

export function lakeColumns(fields: readonly LanceField[]): LakeColumn[] {
  return fields.map((field) => {
    const type = arrowTypeOf(field.type);
    const lake = type && lakeTypeOf(type);
    return {
      name: field.name,
      sourceType: showLanceType(field.type),
      nullable: field.nullable,
      lakeType: lake && showDeltaType(lake.delta),
      notes: lake?.notes ?? [],
    };
  });
}

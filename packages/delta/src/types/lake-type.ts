import * as arrow from 'apache-arrow';
import { dictionaryTypeOf, typeOf } from '@lance-offload/base/transform';

/** A type of the Delta protocol's schema serialisation format (PROTOCOL.md, "Schema Serialization Format"). */
export type DeltaType = string | DeltaArray | DeltaStruct | DeltaMap;
interface DeltaArray {
  readonly type: 'array';
  readonly elementType: DeltaType;
  readonly containsNull: true;
}
export interface DeltaStruct {
  readonly type: 'struct';
  readonly fields: readonly DeltaField[];
}
interface DeltaMap {
  readonly type: 'map';
  readonly keyType: DeltaType;
  readonly valueType: DeltaType;
  readonly valueContainsNull: true;
}
export interface DeltaField {
  readonly name: string;
  readonly type: DeltaType;
  readonly nullable: true;
  readonly metadata: Readonly<Record<string, string | number>>;
}

/** How one source type is kept in the lake. */
export interface LakeType {
  readonly delta: DeltaType;
  /** The Arrow type its values are cast to before they are written as Parquet. */
  readonly arrow: arrow.DataType;
  /** What the cast loses, in words for the report. */
  readonly notes: readonly string[];
}

const exact = (delta: DeltaType, type: arrow.DataType): LakeType => ({ delta, arrow: type, notes: [] });

function decimal(type: arrow.Decimal): LakeType | undefined {
  if (type.precision > 38 || type.scale < 0 || type.scale > type.precision) return undefined;
  return exact(
    `decimal(${type.precision},${type.scale})`,
    new arrow.Decimal(type.scale, type.precision, 128),
  );
}

function timestamp(type: arrow.Timestamp): LakeType {
  const zoned = type.timezone !== null && type.timezone !== undefined && type.timezone !== '';
  return {
    delta: zoned ? 'timestamp' : 'timestamp_ntz',
    arrow: new arrow.Timestamp(arrow.TimeUnit.MICROSECOND, zoned ? 'UTC' : null),
    notes: type.unit === arrow.TimeUnit.NANOSECOND ? ['nanoseconds are cut to microseconds'] : [],
  };
}

function integer(type: arrow.Int): LakeType {
  if (type.isSigned) {
    if (type.bitWidth === 8) return exact('byte', new arrow.Int8());
    if (type.bitWidth === 16) return exact('short', new arrow.Int16());
    return type.bitWidth === 32 ? exact('integer', new arrow.Int32()) : exact('long', new arrow.Int64());
  }
  if (type.bitWidth === 8) return exact('short', new arrow.Int16());
  if (type.bitWidth === 16) return exact('integer', new arrow.Int32());
  return type.bitWidth === 32
    ? exact('long', new arrow.Int64())
    : exact('decimal(20,0)', new arrow.Decimal(0, 20, 128));
}

function array(item: arrow.Field): LakeType | undefined {
  const element = lakeTypeOf(item.type);
  return (
    element && {
      delta: { type: 'array', elementType: element.delta, containsNull: true },
      arrow: new arrow.List(new arrow.Field('element', element.arrow, true)),
      notes: element.notes,
    }
  );
}

function struct(fields: readonly arrow.Field[]): LakeType | undefined {
  const casts = fields.map((field) => ({ field, cast: lakeTypeOf(field.type) }));
  const known = casts.flatMap(({ field, cast }) => (cast ? [{ name: field.name, cast }] : []));
  // Parquet has no struct without fields.
  if (known.length < casts.length || known.length === 0) return undefined;
  return {
    delta: { type: 'struct', fields: known.map(({ name, cast }) => deltaField(name, cast.delta)) },
    arrow: new arrow.Struct(known.map(({ name, cast }) => new arrow.Field(name, cast.arrow, true))),
    notes: known.flatMap(({ cast }) => cast.notes),
  };
}

const { Map_: MapType } = arrow;

function map(type: arrow.Map_): LakeType | undefined {
  const [keyField, valueField] = type.children[0]?.type.children ?? [];
  const key = keyField && lakeTypeOf(keyField.type);
  const value = valueField && lakeTypeOf(valueField.type);
  if (!key || !value) return undefined;
  const entries = new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([
    new arrow.Field('key', key.arrow, false),
    new arrow.Field('value', value.arrow, true),
  ]);
  return {
    delta: { type: 'map', keyType: key.delta, valueType: value.delta, valueContainsNull: true },
    arrow: new MapType(new arrow.Field('key_value', entries, false)),
    notes: [...key.notes, ...value.notes],
  };
}

/** A nullable field of a Delta schema. */
export function deltaField(name: string, type: DeltaType, metadata: DeltaField['metadata'] = {}): DeltaField {
  return { name, type, nullable: true, metadata };
}

/** How a source type is kept in the lake, or `undefined` where it has no place there. The table is in docs/types.md. */
export function lakeTypeOf(type: arrow.DataType): LakeType | undefined {
  if (arrow.DataType.isBool(type)) return exact('boolean', new arrow.Bool());
  if (arrow.DataType.isInt(type)) return integer(type);
  if (arrow.DataType.isFloat(type)) {
    return type.precision === arrow.Precision.DOUBLE
      ? exact('double', new arrow.Float64())
      : exact('float', new arrow.Float32());
  }
  if (arrow.DataType.isDecimal(type)) return decimal(type);
  if (arrow.DataType.isUtf8(type) || arrow.DataType.isNull(type)) return exact('string', new arrow.Utf8());
  if (arrow.DataType.isLargeUtf8(type)) return exact('string', new arrow.LargeUtf8());
  if (arrow.DataType.isBinary(type)) return exact('binary', new arrow.Binary());
  if (arrow.DataType.isLargeBinary(type)) return exact('binary', new arrow.LargeBinary());
  if (arrow.DataType.isFixedSizeBinary(type)) return exact('binary', new arrow.Binary());
  if (arrow.DataType.isDate(type)) {
    const notes = type.unit === arrow.DateUnit.MILLISECOND ? ['a time of day in a date is cut'] : [];
    return { delta: 'date', arrow: new arrow.DateDay(), notes };
  }
  if (arrow.DataType.isTimestamp(type)) return timestamp(type);
  if (arrow.DataType.isTime(type)) {
    const notes = type.unit === arrow.TimeUnit.NANOSECOND ? ['nanoseconds are cut to microseconds'] : [];
    return { delta: 'string', arrow: new arrow.Utf8(), notes };
  }
  if (arrow.DataType.isDuration(type)) return exact('long', new arrow.Int64());
  if (
    arrow.DataType.isList(type) ||
    arrow.DataType.isLargeList(type) ||
    arrow.DataType.isFixedSizeList(type)
  ) {
    const [item] = type.children;
    return item && array(item);
  }
  if (arrow.DataType.isStruct(type)) return struct(type.children);
  if (arrow.DataType.isMap(type)) return map(type);
  if (arrow.DataType.isDictionary(type)) return lakeTypeOf(dictionaryTypeOf(type));
  return undefined;
}

/** Whether a type is binary or holds binary anywhere inside. */
export function holdsBinary(type: arrow.DataType): boolean {
  if (
    arrow.DataType.isBinary(type) ||
    arrow.DataType.isLargeBinary(type) ||
    arrow.DataType.isFixedSizeBinary(type)
  )
    return true;
  if (arrow.DataType.isDictionary(type)) return holdsBinary(dictionaryTypeOf(type));
  return (type.children ?? []).some((child: arrow.Field) => holdsBinary(typeOf(child)));
}

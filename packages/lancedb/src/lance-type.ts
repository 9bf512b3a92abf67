import * as arrow from 'apache-arrow';
import { z } from 'zod';

/** A field of Lance's schema JSON, as `describe` returns it (lance-namespace `JsonArrowField`). */
export interface LanceField {
  readonly name: string;
  readonly nullable: boolean;
  readonly type: LanceType;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface LanceType {
  readonly type: string;
  readonly fields?: readonly LanceField[] | undefined;
  readonly length?: number | undefined;
}

const lanceTypeSchema: z.ZodType<LanceType> = z.lazy(() =>
  z.object({
    type: z.string(),
    fields: z
      .array(lanceFieldSchema)
      .nullish()
      .transform((fields) => fields ?? undefined),
    length: z
      .number()
      .int()
      .nullish()
      .transform((length) => length ?? undefined),
  }),
);

export const lanceFieldSchema: z.ZodType<LanceField> = z.lazy(() =>
  z.object({
    name: z.string(),
    nullable: z.boolean().default(true),
    type: lanceTypeSchema,
    metadata: z
      .record(z.string(), z.string())
      .nullish()
      .transform((metadata) => metadata ?? undefined),
  }),
);

const TIME_UNITS: Readonly<Record<string, arrow.TimeUnit>> = {
  s: arrow.TimeUnit.SECOND,
  ms: arrow.TimeUnit.MILLISECOND,
  us: arrow.TimeUnit.MICROSECOND,
  ns: arrow.TimeUnit.NANOSECOND,
};

const SIMPLE_TYPES: Readonly<Record<string, () => arrow.DataType>> = {
  null: () => new arrow.Null(),
  bool: () => new arrow.Bool(),
  int8: () => new arrow.Int8(),
  int16: () => new arrow.Int16(),
  int32: () => new arrow.Int32(),
  int64: () => new arrow.Int64(),
  uint8: () => new arrow.Uint8(),
  uint16: () => new arrow.Uint16(),
  uint32: () => new arrow.Uint32(),
  uint64: () => new arrow.Uint64(),
  halffloat: () => new arrow.Float16(),
  float: () => new arrow.Float32(),
  double: () => new arrow.Float64(),
  string: () => new arrow.Utf8(),
  large_string: () => new arrow.LargeUtf8(),
  binary: () => new arrow.Binary(),
  large_binary: () => new arrow.LargeBinary(),
  'date32:day': () => new arrow.DateDay(),
  'date64:ms': () => new arrow.DateMillisecond(),
};

function decimalType(bitWidth: number, precision: number, scale: number): arrow.DataType | undefined {
  const known = [128, 256].includes(bitWidth) && Number.isInteger(precision) && Number.isInteger(scale);
  return known ? new arrow.Decimal(scale, precision, bitWidth) : undefined;
}

/** `name:arg:arg…` types. A time zone may itself hold colons (`+05:30`). */
function parameterisedType(type: string): arrow.DataType | undefined {
  const [name = '', first = '', ...rest] = type.split(':');
  const unit = TIME_UNITS[first];
  switch (name) {
    case 'timestamp': {
      const zone = rest.join(':');
      return unit === undefined
        ? undefined
        : new arrow.Timestamp(unit, zone === '' || zone === '-' ? null : zone);
    }
    case 'duration':
      return unit === undefined ? undefined : new arrow.Duration(unit);
    case 'time32':
      return unit === undefined ? undefined : new arrow.Time(unit, 32);
    case 'time64':
      return unit === undefined ? undefined : new arrow.Time(unit, 64);
    case 'decimal':
      return decimalType(Number(first), Number(rest[0]), Number(rest[1]));
    case 'dict': {
      // `dict:{value}:{index}:{ordered}`, and the value may be parameterised itself.
      const value = arrowTypeOf({ type: [first, ...rest].slice(0, -2).join(':') });
      return value && new arrow.Dictionary(value, new arrow.Int32());
    }
    default:
      return undefined;
  }
}

const { Map_: MapType } = arrow;

function mapType({ name, type, nullable }: arrow.Field): arrow.DataType | undefined {
  if (!arrow.DataType.isStruct(type) || type.children.length !== 2) return undefined;
  return new MapType(new arrow.Field(name, type, nullable));
}

function nestedType({ type, fields, length }: LanceType): arrow.DataType | undefined {
  const children = (fields ?? []).map(arrowFieldOf);
  if (children.some((child) => child === undefined)) return undefined;
  const known = children.filter((child) => child !== undefined);
  const [first] = known;
  if (type === 'struct') return new arrow.Struct(known);
  if (type === 'fixed_size_binary')
    return length === undefined ? undefined : new arrow.FixedSizeBinary(length);
  if (first === undefined) return undefined;
  if (type === 'list') return new arrow.List(first);
  if (type === 'large_list') return new arrow.LargeList(first);
  if (type === 'map') return mapType(first);
  if (type === 'fixed_size_list')
    return length === undefined ? undefined : new arrow.FixedSizeList(length, first);
  return undefined;
}

function arrowFieldOf(field: LanceField): arrow.Field | undefined {
  const type = arrowTypeOf(field.type);
  return type && new arrow.Field(field.name, type, field.nullable);
}

/**
 * The Arrow type of a Lance schema type, or `undefined` for one this release does not know (a union, an interval, an
 * extension of a later Lance).
 */
export function arrowTypeOf(type: LanceType): arrow.DataType | undefined {
  return SIMPLE_TYPES[type.type]?.() ?? parameterisedType(type.type) ?? nestedType(type);
}

/** A Lance type on one line, for people: `list<struct<a: string>>`, `fixed_size_list<float>[768]`. */
export function showLanceType({ type, fields, length }: LanceType): string {
  const size = length === undefined ? '' : `[${length}]`;
  if (!fields || fields.length === 0) return `${type}${size}`;
  const inner = fields.map((field) =>
    type === 'struct' ? `${field.name}: ${showLanceType(field.type)}` : showLanceType(field.type),
  );
  return `${type}<${inner.join(', ')}>${size}`;
}

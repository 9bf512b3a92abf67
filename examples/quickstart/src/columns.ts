import type { DataType, FixedSizeList, Schema, Table, Vector } from 'apache-arrow';
import { arrow } from './arrow.ts';

/** One Arrow type per column of a record: a column left out, or one too many, does not compile. */
export type Columns<Row> = { readonly [Name in keyof Row]-?: DataType };

export const utf8 = new arrow.Utf8();
export const bool = new arrow.Bool();
export const int32 = new arrow.Int32();
export const int64 = new arrow.Int64();
const float32 = new arrow.Float32();
export const float64 = new arrow.Float64();
export const binary = new arrow.Binary();
/** An instant, in microseconds since 1970 UTC. */
export const instant = new arrow.TimestampMicrosecond('UTC');
/** What a clock on a wall showed, in microseconds; no zone is known. */
export const wallClock = new arrow.TimestampMicrosecond();

/** A list of any length. */
export function list(item: DataType): DataType {
  return new arrow.List(new arrow.Field('item', item, true));
}

/** A vector of `size` float32 values. */
export function vector(size: number): DataType {
  return new arrow.FixedSizeList(size, new arrow.Field('item', float32, true));
}

export function struct(children: Record<string, DataType>): DataType {
  return new arrow.Struct(fieldsOf(children));
}

export function schemaOf<Row>(columns: Columns<Row>): Schema {
  return new arrow.Schema(fieldsOf(columns));
}

/** The rows as one Arrow table of one batch, typed by the schema and not by guessing from values. */
export function toArrow(schema: Schema, rows: readonly Record<string, unknown>[]): Table {
  const vectors = schema.fields.map(({ name, type }) => {
    const values = rows.map((row) => row[name]);
    return [
      name,
      arrow.DataType.isFixedSizeList(type) ? toVectors(type, values) : arrow.vectorFromArray(values, type),
    ];
  });
  return new arrow.Table(schema, Object.fromEntries(vectors));
}

/** Float32 vectors copied whole into one buffer; Arrow's own builder would visit every float. */
function toVectors(type: FixedSizeList, values: readonly unknown[]): Vector {
  const floats = new Float32Array(values.length * type.listSize);
  for (const [index, value] of values.entries()) {
    if (!(value instanceof Float32Array) || value.length !== type.listSize) {
      throw new TypeError(`row ${index}: a Float32Array of ${type.listSize} values was expected`);
    }
    floats.set(value, index * type.listSize);
  }
  const child = arrow.makeData({ type: float32, data: floats });
  return arrow.makeVector(arrow.makeData({ type, length: values.length, child }));
}

function fieldsOf(columns: Record<string, DataType>) {
  return Object.entries(columns).map(([name, type]) => new arrow.Field(name, type, true));
}

import { arrow, type DataType } from '../arrow.ts';

/**
 * A row as the scripts write it: numbers, bigints (integers, and instants as microseconds since 1970), decimals and
 * everything else as text, dates as `Date`, lists, records and maps. A column left out is null.
 */
export type Row = Readonly<Record<string, unknown>>;

/** Columns in their order, by name. */
export type ColumnTypes = Readonly<Record<string, DataType>>;

type Vector = InstanceType<typeof arrow.Vector>;

/** Raw 64-bit values: Arrow's own builders take instants as milliseconds, and cut them. */
function instants(type: DataType, values: readonly unknown[]): Vector {
  const data = BigInt64Array.from(values, (value) => (typeof value === 'bigint' ? value : 0n));
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 64) * 8);
  let nullCount = 0;
  for (const [row, value] of values.entries()) {
    if (value === null || value === undefined) nullCount += 1;
    else nullBitmap[row >> 3] = (nullBitmap[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return new arrow.Vector([
    new arrow.Data<DataType>(type, 0, values.length, nullCount, [undefined, data, nullBitmap]),
  ]);
}

/** The unscaled value of a decimal in 32-bit words, the lowest first. */
function decimalWords(text: string, scale: number): Uint32Array {
  const [whole = '', fraction = ''] = text.split('.');
  const unscaled = BigInt(whole + fraction.padEnd(scale, '0'));
  return Uint32Array.from({ length: 4 }, (_, word) =>
    Number(BigInt.asUintN(32, unscaled >> BigInt(word * 32))),
  );
}

function numeral(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'string')
    return String(value);
  throw new TypeError(`no number: ${JSON.stringify(value)}`);
}

/** A value as the builder of its type takes it: a column that is widened holds values of the type it had. */
function asBuilt(type: DataType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (arrow.DataType.isInt(type)) return type.bitWidth === 64 ? BigInt(numeral(value)) : Number(value);
  if (arrow.DataType.isDecimal(type)) return decimalWords(numeral(value), type.scale);
  return value;
}

function vectorOf(type: DataType, values: readonly unknown[]): Vector {
  if (arrow.DataType.isTimestamp(type) || arrow.DataType.isDuration(type)) return instants(type, values);
  return arrow.vectorFromArray(
    values.map((value) => asBuilt(type, value)),
    type,
  );
}

/** The rows as an Arrow table of one batch, every column nullable. */
export function toArrow(columns: ColumnTypes, rows: readonly Row[]): InstanceType<typeof arrow.Table> {
  const fields = Object.entries(columns).map(([name, type]) => new arrow.Field(name, type, true));
  const vectors = fields.map(({ name, type }): [string, Vector] => [
    name,
    vectorOf(
      type,
      rows.map((row) => row[name]),
    ),
  ]);
  return new arrow.Table(new arrow.Schema(fields), Object.fromEntries(vectors));
}

/** Digits or bits of a number's type: what tells the wider one of two types that a column has had. */
export function widthOf(type: DataType): number {
  if (arrow.DataType.isInt(type)) return type.bitWidth;
  return arrow.DataType.isFloat(type) || arrow.DataType.isDecimal(type) ? type.precision : 0;
}

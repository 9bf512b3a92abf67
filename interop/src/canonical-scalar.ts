import { arrow, nameOf, type Data, type DataType } from './arrow.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Writes the value of one row. */
export type ValueWriter = (row: number) => void;

const MS_PER_DAY = 86_400_000n;

/** The types that are kept as another one are written as that one: docs/types.md has the table this was written from. */
export function scalarWriter(data: Data, out: ByteWriter): ValueWriter {
  const type: DataType = data.type;
  const { DataType } = arrow;
  if (DataType.isNull(type)) return () => out.tag('0');
  if (
    DataType.isUtf8(type) ||
    DataType.isBinary(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isLargeBinary(type)
  ) {
    return bytesWriter(data, out);
  }
  if (DataType.isFixedSizeBinary(type)) return fixedBytesWriter(data, type.byteWidth, out);
  if (DataType.isFloat(type)) return floatWriter(data, type.precision, out);
  if (DataType.isDecimal(type)) return decimalWriter(data, type, out);
  if (DataType.isBool(type))
    return tagged('b', (row) => out.uint32(((data.values[row >> 3] ?? 0) >> (row & 7)) & 1), out);
  // A duration is kept as the number of its units.
  if (DataType.isInt(type) || DataType.isDuration(type))
    return tagged('n', (row) => out.text(String(data.values[row])), out);
  if (DataType.isTime(type))
    return tagged('s', (row) => out.text(timeOfDay(BigInt(data.values[row]), type.unit)), out);
  if (DataType.isTimestamp(type))
    return tagged('t', (row) => out.int64(microseconds(data.values[row], type.unit)), out);
  if (DataType.isDate(type)) {
    const days = (value: bigint) =>
      type.unit === arrow.DateUnit.DAY ? value : floorDivide(value, MS_PER_DAY);
    return tagged('d', (row) => out.int64(days(BigInt(data.values[row]))), out);
  }
  throw new TypeError(`no canonical form for Arrow type ${nameOf(type)}`);
}

function tagged(tag: string, write: ValueWriter, out: ByteWriter): ValueWriter {
  return (row) => {
    out.tag(tag);
    write(row);
  };
}

/** Text as its UTF-8 bytes and binary as it is: ClickHouse has one type, String, for both. */
function bytesWriter(data: Data, out: ByteWriter): ValueWriter {
  const values: Uint8Array = data.values;
  const offsets: Int32Array | BigInt64Array = data.valueOffsets;
  return tagged(
    's',
    (row) => out.bytes(values.subarray(Number(offsets[row]), Number(offsets[row + 1]))),
    out,
  );
}

function fixedBytesWriter(data: Data, width: number, out: ByteWriter): ValueWriter {
  const values: Uint8Array = data.values;
  return tagged('s', (row) => out.bytes(values.subarray(row * width, (row + 1) * width)), out);
}

/** The bits, so that -0 and a NaN's payload count; half floats as the single floats of the same value. */
function floatWriter(
  data: Data,
  precision: InstanceType<typeof arrow.Float>['precision'],
  out: ByteWriter,
): ValueWriter {
  const values: Float32Array | Float64Array | Uint16Array = data.values;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (precision === arrow.Precision.DOUBLE) return tagged('F', (row) => out.few(bytes, row * 8, 8), out);
  if (precision === arrow.Precision.SINGLE) return tagged('f', (row) => out.few(bytes, row * 4, 4), out);
  const halves = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const single = new Float32Array(1);
  const singleBytes = new Uint8Array(single.buffer);
  return tagged(
    'f',
    (row) => {
      single[0] = halves.getFloat16(row * 2, true);
      out.few(singleBytes, 0, 4);
    },
    out,
  );
}

/** As text with all digits of the scale; one without fraction reads like the integer it is, as unsigned 64-bit ones are kept. */
function decimalWriter(
  data: Data,
  { bitWidth, scale }: { bitWidth: number; scale: number },
  out: ByteWriter,
): ValueWriter {
  const words = bitWidth / 32;
  const values: Uint32Array = data.values;
  return tagged(
    'n',
    (row) => {
      let unscaled = 0n;
      for (let word = words - 1; word >= 0; word--)
        unscaled = (unscaled << 32n) | BigInt(values[row * words + word] ?? 0);
      out.text(withScale(BigInt.asIntN(bitWidth, unscaled), scale));
    },
    out,
  );
}

function withScale(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Arrow's time units are powers of a thousand, from the second down. */
const perSecond = (unit: number): bigint => 1000n ** BigInt(unit);

/** What is finer than a microsecond is cut, towards the past. */
function microseconds(value: bigint, unit: number): bigint {
  return floorDivide(value * 1_000_000n, perSecond(unit));
}

const part = (of: bigint, width: number): string => String(of).padStart(width, '0');

function timeOfDay(value: bigint, unit: number): string {
  const micros = microseconds(value, unit);
  const seconds = micros / 1_000_000n;
  return `${part(seconds / 3600n, 2)}:${part((seconds / 60n) % 60n, 2)}:${part(seconds % 60n, 2)}.${part(micros % 1_000_000n, 6)}`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  return (value - (((value % by) + by) % by)) / by;
}

import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { ByteWriter } from 'hyparquet-writer';
import { serializeTCompactProtocol, ThriftStruct } from 'hyparquet-writer/src/thrift.js';

/** A struct of a Parquet footer by the field numbers of parquet.thrift, each value as it was written. */
export type ThriftFields = Record<`field_${number}`, unknown>;

/** Bytes behind the footer: its length, and `PAR1`. */
export const TAIL_BYTES = 8;

/** What is the type of a BOOLEAN, and of a BYTE, in Thrift's compact protocol. */
const [TRUE, FALSE, BYTE] = [1, 2, 3];

function isFields(value: unknown): value is ThriftFields {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

/** A struct within a struct; an empty one where it is not there. */
export function structIn(fields: ThriftFields, id: number): ThriftFields {
  const value = fields[`field_${id}`];
  return isFields(value) ? value : {};
}

/** A list of structs within a struct; an empty one where it is not there. */
export function structsIn(fields: ThriftFields, id: number): ThriftFields[] {
  const value = fields[`field_${id}`];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** Bytes of the footer of a Parquet file that ends with `tail`, without the tail. */
export function footerBytes(tail: Uint8Array): number {
  const end = tail.subarray(-TAIL_BYTES);
  return new DataView(end.buffer, end.byteOffset, end.byteLength).getUint32(0, true);
}

/**
 * Reads a footer (parquet.thrift, `FileMetaData`). Binary values are views of the given bytes: what is changed in one is
 * changed in the footer.
 */
export function readFooter(footer: Uint8Array): ThriftFields {
  return deserializeTCompactProtocol({
    view: new DataView(footer.buffer, footer.byteOffset, footer.byteLength),
    offset: 0,
  });
}

/** The chunks of all columns, row group by row group (`ColumnChunk`). */
export function columnChunks(footer: ThriftFields): ThriftFields[] {
  return structsIn(footer, 4).flatMap((group) => structsIn(group, 1));
}

/** The width of an integer is a byte, which the writer, going by values alone, would write as a longer number. */
function keepIntegerWidths(footer: ThriftFields): void {
  for (const element of structsIn(footer, 2)) {
    const logical = structIn(element, 10);
    const { field_1: width, field_2: signed } = structIn(logical, 10);
    if (typeof width !== 'number') continue;
    logical['field_10'] = new ThriftStruct([
      [1, BYTE, width],
      [2, signed === true ? TRUE : FALSE, signed === true],
    ]);
  }
}

/** A footer as the end of a file: itself, its length, `PAR1`. What it is made of must not be used any more. */
export function writeFooter(footer: ThriftFields): Uint8Array {
  keepIntegerWidths(footer);
  for (const group of structsIn(footer, 4)) delete group['field_7']; // its number: of 16 bits, and optional
  const bytes = new ByteWriter();
  serializeTCompactProtocol(bytes, footer);
  bytes.appendUint32(bytes.offset);
  bytes.appendUint32(0x3152_4150); // PAR1
  return bytes.getBytes();
}

/** A struct of Parquet's in Thrift's compact protocol. */
export function thriftBytes(fields: ThriftFields): Uint8Array {
  const bytes = new ByteWriter();
  serializeTCompactProtocol(bytes, fields);
  return bytes.getBytes();
}

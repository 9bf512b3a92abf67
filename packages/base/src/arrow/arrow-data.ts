import type * as arrow from 'apache-arrow';

export type Data = arrow.Data;

/** The fields every `Data` shares: what stays the same when only the type of the values changes. */
export function shell(data: Data): { length: number; nullCount: number; nullBitmap: Uint8Array | null } {
  return {
    length: data.length,
    nullCount: data.nullCount,
    nullBitmap: data.nullCount > 0 ? data.nullBitmap : null,
  };
}

// Arrow types the values of a `Data` whose type is not known in advance as `any`: these name what the caller has checked.

export function typeOf(field: arrow.Field): arrow.DataType {
  return field.type;
}

export function dictionaryTypeOf(type: arrow.Dictionary): arrow.DataType {
  return type.dictionary;
}

/** An Arrow type as Arrow writes it: `Timestamp<MICROSECOND, UTC>`. */
export function showType(type: { toString(): string }): string {
  return type.toString();
}

export function bytesIn(data: Data): Uint8Array {
  return data.values;
}

export function wordsIn(data: Data): Uint32Array {
  return data.values;
}

export function longsIn(data: Data): BigInt64Array {
  return data.values;
}

export function floatsIn(data: Data): Float32Array {
  return data.values;
}

export function doublesIn(data: Data): Float64Array {
  return data.values;
}

import type * as arrow from 'apache-arrow';

export type Data = arrow.Data<arrow.DataType>;

/** The fields every `Data` shares: what stays the same when only the type of the values changes. */
export function shell(data: Data): { length: number; nullCount: number; nullBitmap: Uint8Array | null } {
  return { length: data.length, nullCount: data.nullCount, nullBitmap: data.nullCount > 0 ? data.nullBitmap : null };
}

import { open } from 'node:fs/promises';
import { columnChunks, footerBytes, readFooter, structIn, TAIL_BYTES } from './parquet-footer.ts';

/** `Type` of parquet.thrift. */
const FLOAT = 4;
const DOUBLE = 5;

/** Fields of `Statistics`: `max`, `min`, `max_value`, `min_value`. */
const UPPER = [1, 5];
const LOWER = [2, 6];

const SIGN = 0x80;

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte, index) => (index === bytes.length - 1 ? (byte & ~SIGN) === 0 : byte === 0));
}

/**
 * Gives zeros among the bounds of float columns the sign that leaves neither zero out: -0.0 below, 0.0 above
 * (parquet.thrift, `ColumnOrder`). DuckDB writes the zero it met first, and readers that order floats by their bits then
 * skip a row group for the other one. The bounds stay as long as they are, so the footer is changed in its place.
 */
export async function widenZeroBounds(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const { size } = await handle.stat();
    const tail = new Uint8Array(TAIL_BYTES);
    await handle.read(tail, 0, TAIL_BYTES, size - TAIL_BYTES);
    const footer = new Uint8Array(footerBytes(tail));
    const start = size - TAIL_BYTES - footer.length;
    await handle.read(footer, 0, footer.length, start);
    if (signZeros(footer)) await handle.write(footer, 0, footer.length, start);
  } finally {
    await handle.close();
  }
}

/** @returns whether a bound was changed. */
function signZeros(footer: Uint8Array): boolean {
  let changed = false;
  for (const chunk of columnChunks(readFooter(footer))) {
    const column = structIn(chunk, 3);
    if (column['field_1'] !== FLOAT && column['field_1'] !== DOUBLE) continue;
    const statistics = structIn(column, 12);
    for (const id of [...UPPER, ...LOWER]) {
      const bound = statistics[`field_${id}`];
      if (!(bound instanceof Uint8Array) || bound.length === 0 || !isZero(bound)) continue;
      bound[bound.length - 1] = LOWER.includes(id) ? SIGN : 0;
      changed = true;
    }
  }
  return changed;
}

import { hash } from 'node:crypto';
import type { Data, DataType } from './arrow.ts';
import { ByteWriter } from './byte-writer.ts';
import { valueWriter, writeNull } from './canonical-value.ts';

/** A column of one side. Nulls of arrays, maps and structs are counted as `writeNull` writes them: empty ones are among them. */
export interface ColumnFacts {
  rows: number;
  nulls: number;
  /** Sum modulo 2^64, over all rows in any order, of the first 64 bits of SHA-256 of the value's canonical bytes. */
  checksum: bigint;
}

export interface Batch {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string; readonly type: DataType }[] };
  readonly data: { readonly children: readonly Data[] };
}

/** Name of the pseudo-column of whole rows: what shows that values of different columns still stand in the same row. */
export const WHOLE_ROWS = '(whole rows)';

/** By way of text, which is four times as fast here as by way of a Buffer. */
const digest = (bytes: Uint8Array): bigint => BigInt(`0x${hash('sha256', bytes, 'hex').slice(0, 16)}`);

function add(facts: ColumnFacts, bytes: Uint8Array, isNull: boolean): void {
  facts.rows += 1;
  if (isNull) facts.nulls += 1;
  facts.checksum = BigInt.asUintN(64, facts.checksum + digest(bytes));
}

/** The facts of every column, by name and in order, then of whole rows, which are made of `rowColumns` or of all. */
export async function columnFacts(
  batches: AsyncIterable<Batch>,
  rowColumns?: readonly string[],
): Promise<Map<string, ColumnFacts>> {
  const facts = new Map<string, ColumnFacts>();
  const out = new ByteWriter();
  const wholeRows: ColumnFacts = { rows: 0, nulls: 0, checksum: 0n };
  for await (const batch of batches) {
    const columns = batch.schema.fields.map(({ name, type }, index) => {
      const data = batch.data.children[index];
      if (data === undefined) throw new TypeError(`a batch without column "${name}"`);
      const known = facts.get(name) ?? { rows: 0, nulls: 0, checksum: 0n };
      facts.set(name, known);
      const inRow = rowColumns?.includes(name) ?? true;
      return { facts: known, inRow, nullForm: nullFormOf(type), write: valueWriter(data, out) };
    });
    // Those of the row first: its bytes are then the buffer's beginning.
    columns.sort((a, b) => Number(b.inRow) - Number(a.inRow));
    for (let row = 0; row < batch.numRows; row++) {
      out.clear();
      let rowEnd = 0;
      for (const column of columns) {
        const start = out.length;
        column.write(row);
        const bytes = out.since(start);
        add(column.facts, bytes, column.nullForm.equals(bytes));
        if (column.inRow) rowEnd = out.length;
      }
      add(wholeRows, out.since(0).subarray(0, rowEnd), false);
    }
  }
  return facts.set(WHOLE_ROWS, wholeRows);
}

function nullFormOf(type: DataType): Buffer {
  const out = new ByteWriter();
  writeNull(type, out);
  return Buffer.from(out.since(0));
}

import { connectSource } from '../source.ts';
import { bodyWith, type PlacedType, type TypeTable } from './type-table-columns.ts';

/** LanceDB's connection with the one under it, which takes Arrow bytes: the outer one knows no large lists. */
interface Connection {
  readonly inner: { createTable(name: string, body: Buffer, mode: 'create'): Promise<unknown> };
  close(): void;
}

const IN_DICTIONARIES = /^(bool|u?int\d+|halffloat|float|double|(large_)?(string|binary))$/;

/** Why LanceDB 0.39 cannot store or read a column, found by trying every one; `undefined` where it can. */
export function engineLimit({ sample, placement }: PlacedType): string | undefined {
  const { type } = sample.lance;
  if (/^timestamp:.*:\+/.test(type)) return 'Lance has no time zones by offset';
  if (type === 'null' && placement.name !== 'plain') return 'Lance has no nulls inside other types';
  if (placement.name === 'fixed-size list' && /string$|^(large_)?binary$/.test(type))
    return 'Lance has no fixed-size lists of texts and bytes';
  if (placement.name.endsWith('dictionary') && !IN_DICTIONARIES.test(type))
    return 'Lance has no dictionaries of such values';
  return undefined;
}

/** Writes tables into LanceDB. */
export async function storeTables(uri: string, tables: readonly TypeTable[]): Promise<void> {
  const opened: unknown = await connectSource(uri);
  const connection = opened as Connection;
  for (const { name, columns } of tables)
    await connection.inner.createTable(name, bodyWith(columns, 'file'), 'create');
  connection.close();
}

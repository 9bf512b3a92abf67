import { DataType, Table, makeBuilder, tableFromIPC, tableToIPC } from '../arrow.ts';
import type { Field, TypeMap, Vector } from '../arrow.ts';

/**
 * One IPC file holding the rows of several whose dictionaries differ. This is the one place where batches are decoded
 * and encoded anew: an IPC file cannot replace a dictionary halfway, and tables whose fragments were written
 * separately have one each. Holds all rows of the answer in memory, and takes a value at a time.
 */
export function unifyDictionaries(files: Buffer[]): Buffer {
  const table = new Table(files.flatMap((file) => tableFromIPC(file).batches));
  const columns = table.schema.fields.map((field, index): [string, Vector] => {
    const column = table.getChildAt(index);
    if (!column) throw new TypeError(`column ${field.name} is missing from its own table`);
    return [field.name, holdsDictionary(field) ? rebuild(column) : column];
  });
  return Buffer.from(tableToIPC(new Table<TypeMap>(table.schema, Object.fromEntries(columns)), 'file'));
}

function rebuild(column: Vector): Vector {
  const type: DataType = column.type;
  const builder = makeBuilder({ type, nullValues: [null, undefined] });
  for (const value of column) builder.append(value);
  return builder.finish().toVector();
}

function holdsDictionary(field: Field): boolean {
  if (DataType.isDictionary(field.type)) return true;
  const children: Field[] = field.type.children ?? [];
  return children.some((child) => holdsDictionary(child));
}

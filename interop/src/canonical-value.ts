import { arrow, nameOf, type Data, type DataType } from './arrow.ts';
import type { ByteWriter } from './byte-writer.ts';
import { scalarWriter, type ValueWriter } from './canonical-scalar.ts';

/**
 * A writer of one column's values in the one form both sides are compared in. It follows the values and not the Arrow
 * layouts: a list is the same in three layouts, an integer in eight, text and bytes in one.
 *
 * ClickHouse knows no null array, map or tuple. A Delta reader built on it shows an empty array or map, and a tuple of
 * such nulls; so here a null of these types is written as just that. Every other null stays a null, nested ones included.
 */
export function valueWriter(data: Data, out: ByteWriter): ValueWriter {
  const type: DataType = data.type;
  if (data.offset !== 0)
    throw new TypeError(`a sliced column of type ${nameOf(type)}: its buffers cannot be read from row 0`);
  if (arrow.DataType.isDictionary(type)) return dictionaryWriter(data, out);
  if (arrow.DataType.isStruct(type)) return structWriter(data, out);
  if (arrow.DataType.isMap(type)) return listWriter(data, '<', out);
  if (arrow.DataType.isList(type) || arrow.DataType.isFixedSizeList(type)) return listWriter(data, '[', out);
  const write = scalarWriter(data, out);
  if (data.nullCount === 0) return write;
  return (row) => (data.getValid(row) ? write(row) : out.tag('0'));
}

/** Writes what stands for a null of a type; see `valueWriter`. */
export function writeNull(type: DataType, out: ByteWriter): void {
  if (arrow.DataType.isStruct(type)) {
    out.tag('{');
    for (const field of type.children) {
      out.text(field.name);
      writeNull(field.type, out);
    }
  } else if (arrow.DataType.isMap(type)) {
    out.tag('<');
    out.uint32(0);
  } else if (arrow.DataType.isList(type) || arrow.DataType.isFixedSizeList(type)) {
    out.tag('[');
    out.uint32(0);
  } else {
    out.tag('0');
  }
}

function childOf(data: Data, index: number): Data {
  const child: Data | undefined = data.children[index];
  if (child === undefined)
    throw new TypeError(`Arrow data of type ${nameOf(data.type)} lacks child ${index}`);
  return child;
}

function structWriter(data: Data, out: ByteWriter): ValueWriter {
  const type: DataType = data.type;
  const members = type.children.map((field, index) => ({
    name: field.name,
    write: valueWriter(childOf(data, index), out),
  }));
  return (row) => {
    if (!data.getValid(row)) return writeNull(type, out);
    out.tag('{');
    for (const { name, write } of members) {
      out.text(name);
      write(row);
    }
  };
}

/** Lists, and maps as lists of their entries, in the order they are stored in. */
function listWriter(data: Data, tag: string, out: ByteWriter): ValueWriter {
  const type: DataType = data.type;
  const write = tag === '<' ? entryWriter(childOf(data, 0), out) : valueWriter(childOf(data, 0), out);
  const size = arrow.DataType.isFixedSizeList(type) ? type.listSize : undefined;
  const offsets: Int32Array = data.valueOffsets;
  return (row) => {
    if (!data.getValid(row)) return writeNull(type, out);
    const start = size === undefined ? Number(offsets[row]) : row * size;
    const end = size === undefined ? Number(offsets[row + 1]) : start + size;
    out.tag(tag);
    out.uint32(end - start);
    for (let item = start; item < end; item++) write(item);
  };
}

/** A key and its value, whatever the two members are called. */
function entryWriter(entries: Data, out: ByteWriter): ValueWriter {
  const key = valueWriter(childOf(entries, 0), out);
  const value = valueWriter(childOf(entries, 1), out);
  return (row) => {
    key(row);
    value(row);
  };
}

function dictionaryWriter(data: Data, out: ByteWriter): ValueWriter {
  const [values, ...more] = data.dictionary?.data ?? [];
  if (values === undefined || more.length > 0)
    throw new TypeError('a dictionary column with other than one dictionary');
  const write = valueWriter(values, out);
  return (row) => (data.getValid(row) ? write(Number(data.values[row])) : writeNull(values.type, out));
}

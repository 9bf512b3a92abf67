import * as arrow from 'apache-arrow';
import { dictionaryTypeOf, typeOf, type Data } from '@lance-offload/base/transform';
import { countNulls, checkIndices, checkOffsets, checkTexts } from './check-values.ts';
import { decompress } from './decompress.ts';
import type { FlatTable } from './flat-table.ts';

export type Dictionaries = Map<number, arrow.Vector>;

/** Rows that no bytes stand behind (nulls, empty structs): more of them than any page has, and little enough to hold. */
const MAX_UNBACKED_ROWS = 2 ** 24;

interface Node {
  readonly length: number;
  readonly nullCount: number;
  readonly nullBitmap: Uint8Array | null;
}

/** `Timestamp`, `Int64`, …: the bits of one value of a type of fixed width. */
function bitsOf(type: arrow.DataType): number | undefined {
  if (arrow.DataType.isBool(type)) return 1;
  if (arrow.DataType.isFixedSizeBinary(type)) return type.byteWidth * 8;
  if (arrow.DataType.isInt(type) || arrow.DataType.isDecimal(type) || arrow.DataType.isTime(type))
    return type.bitWidth;
  if (arrow.DataType.isFloat(type)) return 16 << type.precision;
  if (arrow.DataType.isDate(type)) return type.unit === arrow.DateUnit.DAY ? 32 : 64;
  return arrow.DataType.isTimestamp(type) || arrow.DataType.isDuration(type) ? 64 : undefined;
}

function isLarge(type: arrow.DataType): boolean {
  return (
    arrow.DataType.isLargeUtf8(type) || arrow.DataType.isLargeBinary(type) || arrow.DataType.isLargeList(type)
  );
}

const isText = (type: arrow.DataType): boolean =>
  arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type);

const isBytes = (type: arrow.DataType): boolean =>
  isText(type) || arrow.DataType.isBinary(type) || arrow.DataType.isLargeBinary(type);

const isList = (type: arrow.DataType): type is arrow.List =>
  arrow.DataType.isList(type) || arrow.DataType.isLargeList(type) || arrow.DataType.isMap(type);

/** The type of a list's items, or of a map's entries. */
function itemOf(type: arrow.DataType): arrow.DataType {
  const [item]: arrow.Field[] = type.children;
  if (!item) throw new TypeError('a list type without items');
  return typeOf(item);
}

/** Buffers are aligned within their message, but the message need not be within an answer. */
const aligned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);

function isValidIn({ nullBitmap }: Node): (row: number) => boolean {
  if (nullBitmap === null) return () => true;
  return (row) => (((nullBitmap[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
}

/**
 * The columns of one record batch, as views of its body. It takes nodes and buffers in the order of the fields (Arrow
 * columnar format, "RecordBatch message") and checks what a reader may rely on: enough bytes for the rows, offsets that do
 * not fall or lead beyond, as many nulls as announced, texts in UTF-8, indices within their dictionary, children as long as
 * their parents. Arrow's own loader checks none of it: it gives zeros for what is missing.
 */
class ColumnLoader {
  readonly #nodes: readonly (readonly [number, number])[];
  readonly #buffers: readonly (readonly [number, number])[];
  readonly #codec: number | undefined;
  readonly #body: Uint8Array;
  readonly #dictionaries: Dictionaries;
  #node = 0;
  #buffer = 0;
  #end = 0;

  constructor(batch: FlatTable, body: Uint8Array, dictionaries: Dictionaries) {
    this.#nodes = batch.pairs(1);
    this.#buffers = batch.pairs(2);
    this.#codec = batch.table(3)?.byte(0);
    this.#body = body;
    this.#dictionaries = dictionaries;
  }

  load(type: arrow.DataType): Data {
    const [length, announced] = this.#nodes[this.#node++] ?? [];
    if (length === undefined || announced === undefined || length < 0)
      throw new RangeError('there are fewer columns than fields');
    if (arrow.DataType.isNull(type)) return arrow.makeData({ type, length: atMost(length) });
    const bitmap = this.#bytes(Math.ceil(length / 8), true);
    const nullCount = countNulls(bitmap, length, announced);
    const node = { length, nullCount, nullBitmap: nullCount > 0 ? bitmap : null };
    if (arrow.DataType.isDictionary(type)) return this.#dictionary(type, node);
    if (isBytes(type)) return this.#texts(type, node);
    if (isList(type)) return this.#list(type, node);
    if (arrow.DataType.isFixedSizeList(type)) return this.#fixedSizeList(type, node);
    if (arrow.DataType.isStruct(type)) return this.#struct(type, node);
    return this.#fixed(type, node);
  }

  /** Every node and buffer must have been some column's. */
  finish(): void {
    if (this.#node !== this.#nodes.length || this.#buffer !== this.#buffers.length)
      throw new RangeError('there are more columns than fields');
  }

  /** The next buffer, or the part of it that `needed` bytes are. Buffers follow one another, and do not overlap. */
  #bytes(needed: number, optional = false): Uint8Array {
    const bytes = this.#next();
    if (optional && bytes.length === 0) return bytes;
    if (bytes.length < needed)
      throw new RangeError(`a buffer of ${bytes.length} bytes where ${needed} are needed`);
    return bytes.subarray(0, needed);
  }

  #next(): Uint8Array {
    const [offset, length] = this.#buffers[this.#buffer++] ?? [];
    if (offset === undefined || length === undefined)
      throw new RangeError('there are fewer buffers than columns need');
    if (length === 0) return new Uint8Array(0);
    if (offset < this.#end || offset + length > this.#body.length)
      throw new RangeError(
        `a buffer from ${offset} to ${offset + length} in a body of ${this.#body.length} bytes`,
      );
    this.#end = offset + length;
    const bytes = this.#body.subarray(offset, offset + length);
    return this.#codec === undefined ? aligned(bytes) : aligned(decompress(bytes, this.#codec));
  }

  #fixed(type: arrow.DataType, node: Node): Data {
    const bits = bitsOf(type);
    if (bits === undefined) throw new TypeError(`no layout is known for ${arrow.Type[type.typeId]}`);
    if (bits === 0) atMost(node.length);
    const data = this.#bytes(Math.ceil((node.length * bits) / 8));
    return arrow.makeData({ type: type as arrow.Int64, ...node, data });
  }

  #offsets(type: arrow.DataType, { length }: Node): Int32Array | BigInt64Array {
    const width = isLarge(type) ? 8 : 4;
    const bytes = this.#bytes((length + 1) * width, length === 0);
    // An array without rows may come without its one offset.
    const { buffer, byteOffset } = bytes.length === 0 ? new Uint8Array(width) : bytes;
    const count = Math.max(1, bytes.length / width);
    return width === 8
      ? new BigInt64Array(buffer, byteOffset, count)
      : new Int32Array(buffer, byteOffset, count);
  }

  #texts(type: arrow.DataType, node: Node): Data {
    const valueOffsets = this.#offsets(type, node);
    const bytes = this.#next();
    checkOffsets(valueOffsets, bytes.length);
    const data = bytes.subarray(0, Number(valueOffsets.at(-1)));
    if (isText(type)) checkTexts(data, valueOffsets, isValidIn(node));
    return arrow.makeData({
      type: type as arrow.Utf8,
      ...node,
      valueOffsets: valueOffsets as Int32Array,
      data,
    });
  }

  #list(type: arrow.List, node: Node): Data {
    const valueOffsets = this.#offsets(type, node) as Int32Array;
    const child = this.load(itemOf(type));
    checkOffsets(valueOffsets, child.length);
    const nullKeys = (child.children[0]?.nullCount ?? 0) + child.nullCount;
    if (arrow.DataType.isMap(type) && nullKeys > 0) throw new RangeError('a map with a null key');
    return arrow.makeData({ type, ...node, valueOffsets, child });
  }

  #fixedSizeList(type: arrow.FixedSizeList, node: Node): Data {
    if (type.listSize === 0) atMost(node.length);
    const child = this.load(itemOf(type));
    if (child.length !== node.length * type.listSize)
      throw new RangeError(`${child.length} items in ${node.length} lists of ${type.listSize}`);
    return arrow.makeData({ type, ...node, child });
  }

  #struct(type: arrow.Struct, node: Node): Data {
    if (type.children.length === 0) atMost(node.length);
    const children = type.children.map((field) => this.load(typeOf(field)));
    if (children.some(({ length }) => length !== node.length))
      throw new RangeError(`a struct of ${node.length} rows with columns of other lengths`);
    return arrow.makeData({ type, ...node, children });
  }

  #dictionary(type: arrow.Dictionary, node: Node): Data {
    const data = this.#bytes(Math.ceil((node.length * type.indices.bitWidth) / 8));
    const dictionary = this.#dictionaries.get(type.id) ?? noValues(dictionaryTypeOf(type));
    const column = arrow.makeData({ type, ...node, data, dictionary });
    const indices: ArrayLike<number | bigint> = column.values;
    checkIndices(indices, node.length, dictionary.length, isValidIn(node));
    return column;
  }
}

/** A writer may leave out a dictionary none of whose values is used. */
function noValues(type: arrow.DataType): arrow.Vector {
  return arrow.makeBuilder({ type }).finish().toVector();
}

function atMost(length: number): number {
  if (length > MAX_UNBACKED_ROWS) throw new RangeError(`${length} rows without a byte`);
  return length;
}

/**
 * The columns of a record batch (Message.fbs, `RecordBatch`).
 *
 * @throws Error for one that is damaged in any way a reader could stumble over.
 */
export function loadColumns(
  batch: FlatTable,
  types: readonly arrow.DataType[],
  body: Uint8Array,
  dictionaries: Dictionaries,
): { readonly rows: number; readonly columns: Data[] } {
  const loader = new ColumnLoader(batch, body, dictionaries);
  const columns = types.map((type) => loader.load(type));
  loader.finish();
  const rows = batch.long(0);
  if (columns.some(({ length }) => length !== rows))
    throw new RangeError(`a batch of ${rows} rows with columns of other lengths`);
  return { rows: columns.length === 0 ? atMost(rows) : rows, columns };
}

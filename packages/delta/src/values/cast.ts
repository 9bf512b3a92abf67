import * as arrow from 'apache-arrow';
import { dictionaryTypeOf, longsIn, shell, typeOf, type Data } from '@lance-offload/base/transform';
import { timeAsText } from './cast-time.ts';
import { castScalars } from './cast-scalars.ts';

function childOf(data: Data, index: number): Data {
  const child = data.children[index];
  if (child === undefined)
    throw new TypeError(`Arrow data of type ${arrow.Type[data.typeId]} lacks child ${index}`);
  return child;
}

/** 32-bit offsets of a list, whichever of Arrow's three layouts it came in. */
function listOffsets(data: Data): Int32Array {
  if (arrow.DataType.isFixedSizeList(data.type)) {
    const { listSize } = data.type;
    return Int32Array.from({ length: data.length + 1 }, (_, index) => index * listSize);
  }
  const offsets: Int32Array | BigInt64Array = data.valueOffsets;
  return offsets instanceof Int32Array ? offsets : Int32Array.from(offsets, Number);
}

function castList(data: Data, target: arrow.List): Data {
  const child = castData(childOf(data, 0), typeOf(target.valueField));
  return arrow.makeData({ type: target, ...shell(data), valueOffsets: listOffsets(data), child });
}

function castStruct(data: Data, target: arrow.Struct): Data {
  const children = target.children.map((field, index) => castData(childOf(data, index), typeOf(field)));
  return arrow.makeData({ type: target, ...shell(data), children });
}

function castMap(data: Data, target: arrow.Map_): Data {
  const entries = target.children[0];
  if (!entries) throw new TypeError('a map type without entries');
  const child = castStruct(childOf(data, 0), entries.type);
  return arrow.makeData({ type: target, ...shell(data), valueOffsets: listOffsets(data), child });
}

function asLongs(data: Data): arrow.Data<arrow.Int64> {
  return arrow.makeData({ type: new arrow.Int64(), ...shell(data), data: longsIn(data) });
}

function takeValues(indices: Data, values: arrow.Vector, type: arrow.DataType): Data {
  const builder = arrow.makeBuilder({ type, nullValues: [null] });
  for (let row = 0; row < indices.length; row++) {
    builder.append(indices.getValid(row) ? values.get(Number(indices.values[row])) : null);
  }
  return builder.finish().flush();
}

/** A dictionary column as its values, written out. */
function decodeDictionary(data: Data): Data {
  const { dictionary, type } = data;
  if (!dictionary || !arrow.DataType.isDictionary(type))
    throw new TypeError('a dictionary column without its dictionary');
  const values = dictionaryTypeOf(type);
  if (!arrow.DataType.isTimestamp(values)) return takeValues(data, dictionary, values);
  // Arrow hands out timestamps as milliseconds, in a number: taken as the integers they are, they stay exact.
  const taken = takeValues(data, new arrow.Vector(dictionary.data.map(asLongs)), new arrow.Int64());
  return arrow.makeData({ type: values, ...shell(taken), data: longsIn(taken) });
}

function allNull(length: number): Data {
  const valueOffsets = new Int32Array(length + 1);
  return arrow.makeData({
    type: new arrow.Utf8(),
    length,
    nullCount: length,
    nullBitmap: new Uint8Array(Math.ceil(length / 8)),
    valueOffsets,
    data: new Uint8Array(0),
  });
}

/**
 * Casts one column of a record batch to its lake type (see `lakeTypeOf`), or to a wider one (see `isWidening`), sharing
 * buffers wherever the layout is the same. Expects data as decoded from IPC, where no array starts at an offset.
 *
 * @throws RangeError for a timestamp that does not fit microseconds in 64 bits.
 */
export function castData(data: Data, target: arrow.DataType): Data {
  const { type } = data;
  if (arrow.DataType.isDictionary(type)) return castData(decodeDictionary(data), target);
  if (arrow.DataType.isNull(type)) return allNull(data.length);
  if (arrow.DataType.isTime(type)) return timeAsText(data, type);
  if (arrow.DataType.isList(target)) return castList(data, target);
  if (arrow.DataType.isStruct(target)) return castStruct(data, target);
  if (arrow.DataType.isMap(target)) return castMap(data, target);
  return castScalars(data, target);
}

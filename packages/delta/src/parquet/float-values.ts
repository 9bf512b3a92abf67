import * as arrow from 'apache-arrow';
import { typeOf, type Data } from '@lance-offload/base/transform';

const FLOAT_INFINITY = 0x7f80_0000;
const FLOAT_MAGNITUDE = 0x7fff_ffff;
const DOUBLE_INFINITY = 0x7ff0_0000;

/** Whether a type holds floats or doubles, itself or anywhere inside. */
export function holdsFloats(type: arrow.DataType): boolean {
  return (
    arrow.DataType.isFloat(type) ||
    (type.children ?? []).some((child: arrow.Field) => holdsFloats(typeOf(child)))
  );
}

/** By bits and by index, without a call: the loop runs over every float of a page. */
function hasFloatNaN(values: Float32Array, length: number): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, length);
  for (let index = 0; index < length; index++)
    if (((bits[index] ?? 0) & FLOAT_MAGNITUDE) > FLOAT_INFINITY) return true;
  return false;
}

function hasDoubleNaN(values: Float64Array, length: number): boolean {
  const words = new Int32Array(values.buffer, values.byteOffset, length * 2);
  for (let index = 0; index < length; index++) {
    const high = (words[2 * index + 1] ?? 0) & FLOAT_MAGNITUDE;
    if (high > DOUBLE_INFINITY || (high === DOUBLE_INFINITY && words[2 * index] !== 0)) return true;
  }
  return false;
}

/** Whether a NaN is among the floats of a column, inside it too; what lies under a null counts as well. */
export function holdsNaN(data: Data): boolean {
  const values: unknown = data.values;
  if (values instanceof Float32Array) return hasFloatNaN(values, data.length);
  if (values instanceof Float64Array) return hasDoubleNaN(values, data.length);
  return data.children.some(holdsNaN);
}

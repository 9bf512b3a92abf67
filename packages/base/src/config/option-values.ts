import { z } from 'zod';

/** Values may be strings holding JSON (`"1000"`, `"true"`, `"[\"id\"]"`), as Lakeflow pipelines write them. */
export function jsonInString<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => {
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value; // not JSON: let the schema say what was expected
    }
  }, schema);
}

/** A list of names; a lone string is one name, unless it holds a JSON array. */
export const names = z.preprocess(
  (value) => {
    if (typeof value !== 'string') return value;
    if (!value.trimStart().startsWith('[')) return [value];
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value; // broken JSON: the schema reports that an array was expected
    }
  },
  z.array(z.string().min(1)).min(1, 'must name at least one column'),
);

export const wholeNumber = (min: number, max: number) => jsonInString(z.int().min(min).max(max));

export const flag = jsonInString(z.boolean());

/** A finite number: zod's own rule, which knows neither NaN nor infinity. */
export const number = jsonInString(z.number());

function isVector(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    // The source compares single precision: what is infinite there has no distance.
    value.every((item) => typeof item === 'number' && Number.isFinite(Math.fround(item)))
  );
}

/** A vector. One problem for all of it: a line for each of a thousand wrong numbers would serve nobody. */
export const vector = jsonInString(
  z
    .custom<number[]>(isVector, 'must be a list of finite numbers of single precision, such as [0.1, 0.2]')
    .meta({ type: 'array', items: { type: 'number' } }),
);

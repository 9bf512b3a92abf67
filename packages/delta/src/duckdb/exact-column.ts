import type { DeltaField, DeltaType } from '../types/lake-type.ts';
import { wasCoarser } from '../types/type-widening.ts';

/** Whether a filter on the column may be about a float: itself one, or with one in it that a filter can name. */
function isFloating(type: DeltaType): boolean {
  if (type === 'float' || type === 'double') return true;
  return (
    typeof type !== 'string' && type.type === 'struct' && type.fields.some((field) => isFloating(field.type))
  );
}

/**
 * A column of data files, read in the table's type, as DuckDB's filters judge it rightly. A CASE is not pushed into the
 * files, which it must not be in two cases:
 *
 * - DuckDB 1.5 applies a filter to each file in the file's own type and rounds the constant to that: of a column widened
 *   from float to double, `x = 0.1` would take the float nearest to 0.1, and `x > 0.1` would leave it out; decimals of
 *   fewer places likewise. Integers and decimals of the same places come to no harm.
 * - A Bloom filter over floats knows one of the two zeros, and one NaN: `x = 0.0` would find no -0.0.
 *
 * @param expression the column in SQL, without side effects: it is written twice.
 * @param bloomed whether some of the files have Bloom filters.
 */
export function exactColumn(field: DeltaField, expression: string, bloomed: boolean): string {
  const exact = wasCoarser(field) || (bloomed && isFloating(field.type));
  return exact ? `CASE WHEN ${expression} IS NOT NULL THEN ${expression} END` : expression;
}

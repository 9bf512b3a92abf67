import type { DeltaField } from '../plan/lake-type.ts';
import { wasCoarser } from '../plan/type-widening.ts';

/**
 * A column of data files, read in the table's type, as DuckDB's filters judge it rightly. DuckDB 1.5 applies a filter to
 * each file in the file's own type and rounds the constant to that: of a column widened from float to double, `x = 0.1`
 * would take the float nearest to 0.1, and `x > 0.1` would leave it out; decimals of fewer places likewise. Integers and
 * decimals of the same places come to no harm. A CASE is not pushed into the files.
 *
 * @param expression the column in SQL, without side effects: it is written twice.
 */
export function exactColumn(field: DeltaField, expression: string): string {
  return wasCoarser(field) ? `CASE WHEN ${expression} IS NOT NULL THEN ${expression} END` : expression;
}

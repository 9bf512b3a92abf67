import type { DeltaType } from '../types/lake-type.ts';
import { duckdbTypeOf } from './duckdb-type.ts';

const WHOLE = new Set(['byte', 'short', 'integer', 'long']);

/** Whether a type has infinities among its values. */
export function hasInfinity(type: DeltaType): boolean {
  return typeof type === 'string' && /^(float|double|date|timestamp)/.test(type);
}

function successor(type: string, expression: string): string {
  if (WHOLE.has(type)) return `${expression} + 1`;
  if (type === 'date') return `${expression} + INTERVAL 1 DAY`;
  if (type.startsWith('timestamp')) return `${expression} + INTERVAL 1 MICROSECOND`;
  if (type === 'double' || type === 'float') return `nextafter(${expression}, 'infinity'::${type})`;
  const scale = /^decimal\(\d+,(\d+)\)$/.exec(type)?.[1];
  if (scale === undefined) return `${expression} || chr(1)`;
  const least = scale === '0' ? '1' : `0.${'1'.padStart(Number(scale), '0')}`;
  return `${expression} + CAST('${least}' AS DECIMAL(38,${scale}))`;
}

/**
 * SQL for the smallest value after another one of the sequence's type, so that an interval which ends there is not empty;
 * NULL where there is none, as after the greatest integer or an infinity.
 */
export function nextAfterSql(type: DeltaType, expression: string): string {
  if (typeof type !== 'string') throw new TypeError('a sequence is a scalar');
  const next = `TRY(CAST(${successor(type, expression)} AS ${duckdbTypeOf(type)}))`;
  return `CASE WHEN ${next} > ${expression} THEN ${next} END`;
}

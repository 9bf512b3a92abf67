import type { DeltaType } from '../types/lake-type.ts';
import { quoteIdentifier } from './duckdb.ts';

const DUCKDB_TYPES: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  byte: 'TINYINT',
  short: 'SMALLINT',
  integer: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  timestamp_ntz: 'TIMESTAMP',
};

/** DuckDB's name of a Delta type. */
export function duckdbTypeOf(type: DeltaType): string {
  if (typeof type === 'string') return DUCKDB_TYPES[type] ?? type.toUpperCase();
  if (type.type === 'array') return `${duckdbTypeOf(type.elementType)}[]`;
  if (type.type === 'map') return `MAP(${duckdbTypeOf(type.keyType)}, ${duckdbTypeOf(type.valueType)})`;
  return `STRUCT(${type.fields.map((field) => `${quoteIdentifier(field.name)} ${duckdbTypeOf(field.type)}`).join(', ')})`;
}

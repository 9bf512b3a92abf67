/** Whether SQL has the name of a table, or of its view of open rows, as a word. */
export function mentions(sql: string, table: string): boolean {
  const name = RegExp.escape(table.replaceAll('"', '""'));
  return new RegExp(String.raw`(?<![\p{L}\p{N}_])${name}(?:_current)?(?![\p{L}\p{N}_])`, 'iu').test(sql);
}

/** Words of SQL that asks which tables there are, or puts a table's name together. */
const ASKS_FOR_ALL =
  /\b(?:show|describe|summarize|pragma|call|query|query_table|information_schema|(?:duckdb|pg|sqlite)_\w+)\b/i;

/**
 * Whether SQL may ask for a table. One that it does not name need not be read: a lake may have hundreds.
 *
 * @param tables all there are; SQL that names none of them is given all, so that what DuckDB says of it is right.
 */
export function mayAskFor(sql: string, tables: readonly string[]): (table: string) => boolean {
  if (ASKS_FOR_ALL.test(sql)) return () => true;
  const named = new Set(tables.filter((table) => mentions(sql, table)));
  return named.size === 0 ? () => true : (table) => named.has(table);
}

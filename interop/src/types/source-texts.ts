import type { PlacedType } from './type-table-columns.ts';

const UNITS = /^(?:timestamp|time32|time64|duration|date64):(s|ms|us|ns)/;

/**
 * The three values as the source has them: of types that count units of time the number of units, of which the lake may keep
 * less; of others the literal they were written from.
 */
export function sourceTexts({ sample }: PlacedType): string[] {
  const [, unit] = UNITS.exec(sample.lance.type) ?? [];
  if (unit !== undefined) {
    const values: ArrayLike<number | bigint> = sample.leaf([0, 1, 2]).values;
    return Array.from(values, (value) => `${value} ${unit}`);
  }
  return sample.literals.map((literal) => {
    const [, text = literal] = /^'(.*)'(?:::[\w(), ]+)?$/.exec(literal) ?? [];
    if (sample.duckdb === 'BLOB') return bytesOf(text);
    if (sample.duckdb === 'VARCHAR' && literal !== 'NULL') return JSON.stringify(text.replaceAll("''", "'"));
    return text === 'NULL' ? 'null' : text;
  });
}

/** `\x00A` as DuckDB writes bytes, in hexadecimal. */
function bytesOf(text: string): string {
  const bytes = text.replaceAll(
    /\\x([0-9A-F]{2})|(.)/g,
    (_, hex: string | undefined, plain: string | undefined) =>
      hex === undefined ? (plain ?? '').charCodeAt(0).toString(16).padStart(2, '0') : hex.toLowerCase(),
  );
  return `x${bytes}`;
}

import Table, { type TableConstructorOptions } from 'cli-table3';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power > 0 && value < 100 ? 1 : 0)} ${UNITS[power]}`;
}

export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** No rule between rows: a table of many rows stays readable. */
const NO_RULES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

const RIGHT = /^[\d.,–+-]+( (B|kB|MB|GB|TB|s))?$/;

/** cli-table3 takes time by the square of the rows, and overflows the stack at some 100,000. */
const ROWS_AT_ONCE = 40;

type Rows = readonly (readonly string[])[];

function draw(rows: Rows, options: Pick<TableConstructorOptions, 'colAligns' | 'colWidths'>): string[] {
  const table = new Table({ ...options, style: { head: [], border: [] }, chars: NO_RULES });
  for (const row of rows) table.push([...row]);
  return table.toString().split('\n');
}

/** The widths of drawn columns, from the rule above them. */
const widthsOf = ([rule = '']: readonly string[]): number[] =>
  rule
    .slice(1, -1)
    .split('┬')
    .map(({ length }) => length);

/** A table for a terminal; columns of figures are aligned to the right. Its time grows with the rows, no faster. */
export function formatTable(head: readonly string[], rows: Rows): string {
  const colAligns = head.map((_, column): 'left' | 'right' =>
    rows.length > 0 && rows.every((row) => RIGHT.test(row[column] ?? '')) ? 'right' : 'left',
  );
  const all = [head, ...rows];
  const parts: Rows[] = [];
  for (let at = 0; at < all.length; at += ROWS_AT_ONCE) parts.push(all.slice(at, at + ROWS_AT_ONCE));
  const drawn = parts.map((part) => draw(part, { colAligns }));
  if (drawn.length === 1) return drawn.flat().join('\n');
  const widths = drawn.map(widthsOf);
  const colWidths = head.map((_, column) => widths.reduce((most, of) => Math.max(most, of[column] ?? 0), 0));
  const even = parts.map((part) => draw(part, { colAligns, colWidths }));
  const body = even.flatMap((lines) => lines.slice(1, -1));
  return [even[0]?.[0], ...body, even.at(-1)?.at(-1)].join('\n');
}

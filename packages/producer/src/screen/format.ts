import Table from 'cli-table3';

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

/** A table for a terminal; columns of figures are aligned to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const colAligns = head.map((_, column): 'left' | 'right' =>
    rows.length > 0 && rows.every((row) => RIGHT.test(row[column] ?? '')) ? 'right' : 'left',
  );
  const table = new Table({
    head: [...head],
    colAligns: colAligns,
    style: { head: [], border: [] },
    chars: NO_RULES,
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** What stands where nothing is known. */
export const NONE = '–';

/** `1,234,567` */
export function count(value: number | null): string {
  return value === null ? NONE : whole.format(value);
}

/** `1 page`, `3 pages` */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Small numbers with one digit after the point, great ones without: `4.2`, `1,234`. */
export function figure(value: number | null): string {
  if (value === null) return NONE;
  return Math.abs(value) < 10 && !Number.isInteger(value) ? oneDigit.format(value) : whole.format(value);
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal units, as disks and networks have them: `1.5 GB`. */
export function bytes(value: number | null): string {
  if (value === null) return NONE;
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < BYTE_UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && rest < 99.95 ? oneDigit.format(rest) : whole.format(rest);
  return `${digits} ${BYTE_UNITS[unit]}`;
}

/** Megabytes a second, as a bare number. */
export function megabytes(bytesPerSecond: number): string {
  const value = bytesPerSecond / 1e6;
  return value < 100 && value > 0 ? oneDigit.format(value) : whole.format(value);
}

export function rowRate(rowsPerSecond: number): string {
  return `${figure(rowsPerSecond)} rows/s`;
}

export function byteRate(bytesPerSecond: number): string {
  return `${megabytes(bytesPerSecond)} MB/s`;
}

const DURATIONS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** Two units at most: `340 ms`, `12 s`, `4 min 10 s`, `2 h 5 min`. */
export function duration(ms: number | null): string {
  if (ms === null) return NONE;
  if (ms < 1000) return `${whole.format(Math.max(0, ms))} ms`;
  let rest = Math.round(ms / 1000);
  const first = DURATIONS.findIndex(([, seconds]) => rest >= seconds);
  const words: string[] = [];
  for (const [unit, seconds] of DURATIONS.slice(first, first + 2)) {
    const amount = Math.floor(rest / seconds);
    if (amount > 0) words.push(`${whole.format(amount)} ${unit}`);
    rest -= amount * seconds;
  }
  return words.join(' ');
}

/** How long ago, in one unit: `now`, `12 s ago`, `3 min ago`. */
export function ago(sinceMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - sinceMs) / 1000);
  return seconds < 2 ? 'now' : `${roughly(seconds)} ago`;
}

/** Seconds in their greatest unit: `12 s`, `3 min`. */
export function roughly(seconds: number): string {
  const [unit, size] = DURATIONS.find(([, each]) => seconds >= each) ?? (['s', 1] as const);
  return `${whole.format(Math.max(0, Math.floor(seconds / size)))} ${unit}`;
}

/** Rounded down, so that 100 % means all of it. */
export function percent(part: number, total: number | null): string {
  if (!total) return NONE;
  const share = (part / total) * 100;
  if (share >= 100) return '100 %';
  return share < 10 && share > 0
    ? `${oneDigit.format(Math.floor(share * 10) / 10)} %`
    : `${Math.floor(share)} %`;
}

const clockWithSeconds = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** `14:03:21` */
export function timeOfDay(ms: number): string {
  return clockWithSeconds.format(ms);
}

/** `14:03` today, `23 Nov 14:03` otherwise. */
export function moment(ms: number, nowMs: number): string {
  const sameDay = new Date(ms).toDateString() === new Date(nowMs).toDateString();
  return sameDay ? clock.format(ms) : `${day.format(ms)} ${clock.format(ms)}`;
}

import type { Row, Types, Value } from '../merge/typed-table.ts';

/** Columns whose values readers' statistics are known to lose, by their Lance types. */
export const ODD_TYPES = {
  f: 'float',
  d: 'double',
  day: 'date32:day',
  at: 'timestamp:us:-',
  zoned: 'timestamp:us:UTC',
  text: 'string',
  n: 'int64',
  price: 'decimal:128:10:2',
} satisfies Types;

export type OddColumn = keyof typeof ODD_TYPES;

/** Numbers from 0 up to 1 that look like chance; the same for the same seed (Knuth's multiplier, TAOCP 3.3.4). */
export function chance(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    return Number(state >> 11n) / 2 ** 53;
  };
}

const DAY_US = 86_400_000_000n;
/** 1 January of the years 1, 1582 (twice: in both calendars), 1900, 1969, 1970, 2026 and 9999, and a day beside some. */
const DAYS = [-719_162, -141_438, -141_427, -25_567, -366, -1, 0, 1, 20_454, 2_932_532, 2_932_896];
const LONG = 'every reader keeps another prefix of a long text in its statistics; ';

const FLOATS: readonly number[] = [0, -0, Number.NaN, 1, -1, 1.5, -2.25, 5, 100, Infinity, -Infinity];
const INSTANTS = DAYS.flatMap((day) =>
  [0n, 1n, 999n, 43_200_000_001n].map((more) => BigInt(day) * DAY_US + more),
);
const TEXTS: readonly string[] = [
  '',
  'a',
  'z',
  'é',
  '\u{feff}a',
  '\u{10ffff}'.repeat(40),
  `${'a'.repeat(31)}🙂🙂`,
  `${'é'.repeat(63)}x`,
  ...['', 'a', 'b', '~', '\u{10ffff}'].map((end) => LONG + end),
  ...['', 'a', 'b'].map((end) => LONG.repeat(4) + end),
];

/** What each column's values are taken from. */
export const ODD_VALUES: Readonly<Record<OddColumn, readonly Exclude<Value, null>[]>> = {
  f: FLOATS,
  d: [...FLOATS, 0.1, 1e300],
  day: DAYS,
  at: INSTANTS,
  zoned: INSTANTS,
  text: TEXTS,
  n: [0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)],
  price: [0, 1, -1, 150, 99_999_999, -99_999_999],
};

export function pick<T>(from: readonly T[], random: () => number): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new RangeError('nothing to pick from');
  return found;
}

export const ODD_COLUMNS = Object.keys(ODD_TYPES) as OddColumn[];

/**
 * Rows with a key, `id`, from `from` on. Each `pageRows` of them hold a few values of each column only, so that there is
 * something for a reader to skip.
 */
export function oddRows(from: number, count: number, pageRows: number, random: () => number): Row[] {
  const rows: Row[] = [];
  while (rows.length < count) {
    const pools = ODD_COLUMNS.map((name) => {
      const size = 1 + Math.floor(random() * 3);
      const some: Value[] = Array.from({ length: size }, () => pick(ODD_VALUES[name], random));
      return [name, random() < 0.3 ? [...some, null] : some] as const;
    });
    for (let row = 0; row < pageRows && rows.length < count; row++) {
      const values = pools.map(([name, pool]) => [name, pool[Math.floor(random() * pool.length)] ?? null]);
      rows.push({ id: from + rows.length, ...Object.fromEntries(values) });
    }
  }
  return rows;
}

/** A condition on one column. `values` are none for `null` and `nan`, two for `between`, else one. */
export interface Predicate {
  readonly column: OddColumn;
  /** Of floats, whether the value inside a struct is meant in place of the column's own. */
  readonly nested: boolean;
  readonly is: '=' | '<' | '>' | '<=' | '>=' | 'between' | 'null' | 'nan';
  readonly values: readonly Exclude<Value, null>[];
}

const COMPARISONS = ['=', '=', '<', '>', '<=', '>=', 'between', 'null'] as const;

export function isFloat(column: OddColumn): boolean {
  return column === 'f' || column === 'd';
}

export function oddPredicate(random: () => number): Predicate {
  const column = random() < 0.5 ? pick(['f', 'd'] as const, random) : pick(ODD_COLUMNS, random);
  const is = isFloat(column) && random() < 0.1 ? 'nan' : pick(COMPARISONS, random);
  const needed = is === 'null' || is === 'nan' ? 0 : is === 'between' ? 2 : 1;
  const values = Array.from({ length: needed }, () => pick(ODD_VALUES[column], random));
  return { column, nested: isFloat(column) && random() < 0.2, is, values };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { publishRun } from '../../src/commit/publish-run.ts';
import { hashRows } from '../../../delta/src/values/row-hash.ts';
import { totalsOf } from '../../src/commit/staged-totals.ts';
import { openLake, type Staging } from '../../src/stage/staging.ts';
import { planPages, type RunPlan } from '../../src/plan/run-plan.ts';
import { tableOf } from '../../../lancedb/test/arrow-bodies.ts';
import { stagePage } from '../lake-fixture.ts';
import { peopleColumns, peoplePlan, type Person } from './people.ts';

/** A run over what the source holds by then. */
export interface FeedRun {
  readonly rows: readonly Person[];
  /** `snapshot`: the rows are all the source has. `sweep`: `keys` are. */
  readonly deletes: RunPlan['deletes'];
  readonly keys: readonly number[];
  readonly rowsPerPage: number;
  /** Sorts pages and rows, for feeds that come in another order. */
  readonly salt: number;
}

export type Feed = readonly FeedRun[];

const person = fc.record({
  id: fc.integer({ min: 1, max: 5 }),
  seq: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 12 }) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  name: fc.constantFrom('ann', 'bob', 'cy', null),
});

/** Rows in random order, with several versions of a key, late ones, ties and plain repetitions among them. */
export const feedRun: fc.Arbitrary<FeedRun> = fc
  .record({
    rows: fc.array(person, { maxLength: 8 }),
    repeated: fc.nat({ max: 2 }),
    deletes: fc.constantFrom('none' as const, 'none' as const, 'snapshot' as const, 'sweep' as const),
    more: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 }),
    rowsPerPage: fc.integer({ min: 1, max: 5 }),
    salt: fc.nat(),
  })
  .map(({ rows, repeated, more, ...run }) => ({
    ...run,
    rows: [...rows, ...rows.slice(0, repeated)],
    keys: [...new Set([...rows.map(({ id }) => id), ...more])],
  }));

/** A number that scatters its input (Knuth, TAOCP 6.4: multiplicative hashing). */
export function scatter(salt: number, index: number): number {
  return (Math.imul(salt + index * 7919 + 1, 2_654_435_761) >>> 0) / 2 ** 32;
}

export function shuffled<T>(items: readonly T[], salt: number): T[] {
  return items
    .map((item, index) => ({ item, at: scatter(salt, index) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** A lake for one feed. */
export async function withLake<T>(work: (staging: Staging) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'core-feed-'));
  try {
    return await work(openLake(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Stages and publishes the runs of a feed, one after the other; what came of the rows of each. */
export async function publishFeed(
  staging: Staging,
  feed: Feed,
  changes: Partial<RunPlan>,
  { shuffle = false } = {},
): Promise<void> {
  for (const { rows, deletes, keys, rowsPerPage, salt } of feed) {
    const people = shuffle ? shuffled(rows, salt) : rows;
    const sweepRows = deletes === 'sweep' ? keys.length : 0;
    const plan = peoplePlan(people, { ...changes, deletes, rowsPerPage, sweepRows });
    await staging.createPlan(plan);
    const swept = keys.map((id) => ({ id, seq: null, name: null }));
    const pages = [...planPages(plan)];
    const receipts = [];
    for (const { index, scan } of shuffle ? shuffled(pages, salt) : pages) {
      receipts.push(await stagePage(plan, index, staging, peopleColumns(scan === 'rows' ? people : swept)));
    }
    const { sourceRows } = plan;
    const totals = totalsOf(receipts, { rows: sourceRows, distinctRowIds: sourceRows });
    await publishRun({ plan, receipts, totals }, staging);
  }
}

/** The row hash that breaks a tie. */
export function hashOf(row: Person): bigint {
  const { schema, batches } = tableOf([peopleColumns([row])(0, 1)]);
  const fields = schema.fields.slice(0, -1); // without the row id
  return hashRows(fields, batches[0]?.data.children ?? [], 1)[0] ?? 0n;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** Of two rows of one key, whether the first one counts. */
function outdoes(a: Person, b: Person): boolean {
  const [one, other] = [a.seq ?? NEVER, b.seq ?? NEVER];
  return one === other ? hashOf(a) > hashOf(b) : one > other;
}

/** SCD_TYPE_1 as one would write it for a map: the newest row of each key, until the key is gone. */
export function modelOf(feed: Feed): Map<number, Person> {
  const state = new Map<number, Person>();
  for (const { rows, deletes, keys } of feed) {
    const newest = new Map<number, Person>();
    for (const row of rows) {
      const known = newest.get(row.id);
      if (!known || outdoes(row, known)) newest.set(row.id, row);
    }
    for (const [id, row] of newest) {
      const known = state.get(id);
      if (!known || (row.seq ?? NEVER) >= (known.seq ?? NEVER)) state.set(id, row);
    }
    const present = new Set(deletes === 'sweep' ? keys : newest.keys());
    if (deletes === 'none') continue;
    for (const id of state.keys()) if (!present.has(id)) state.delete(id);
  }
  return state;
}

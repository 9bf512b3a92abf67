import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  feedRun,
  hashOf,
  modelOf,
  publishFeed,
  shuffled,
  withLake,
  type Feed,
  type FeedRun,
} from './feeds.ts';
import { randomRuns, sized } from '../../../base/test/soak.ts';
import { current, lakeQuery, type Person } from './people.ts';

const FEEDS = sized(16, 2000);
const TIMEOUT_MS = sized(900_000, 4 * 3_600_000);
const SCD1 = { ingestionType: 'SCD_TYPE_1' } as const;
const SCD2 = { ingestionType: 'SCD_TYPE_2' } as const;

type Version = [
  id: number,
  seq: number | null,
  name: string | null,
  start: number | null,
  end: number | null,
];

const VERSIONS =
  'SELECT id, seq, name, __START_AT, __END_AT FROM documents ORDER BY id, __START_AT NULLS FIRST, __END_AT';

async function versionsOf(feed: Feed, options: { readonly shuffle?: boolean } = {}): Promise<Version[]> {
  return withLake(async (staging) => {
    await publishFeed(staging, feed, SCD2, options);
    return (await lakeQuery(staging, VERSIONS)) as Version[];
  });
}

/** Intervals of one key that overlap, or end before they begin. */
function faults(versions: readonly Version[]): string[] {
  return versions.flatMap(([id, , , start, end], index) => {
    const next = versions[index + 1];
    const follows = next?.[0] === id;
    const empty = end !== null && start !== null && end <= start ? [`key ${id}: [${start}, ${end})`] : [];
    const overlaps = follows && (end === null || (next[3] ?? Number.NEGATIVE_INFINITY) < end);
    return overlaps ? [...empty, `key ${id}: ${start}–${end} and ${next[3]}`] : empty;
  });
}

/** Keys whose intervals leave a gap, or whose last one is closed. */
function interrupted(versions: readonly Version[]): number[] {
  return versions.flatMap(([id, , , , end], index) => {
    const next = versions[index + 1];
    return end !== null && (next?.[0] !== id || next[3] !== end) ? [id] : [];
  });
}

/** Keys that were in the state at some time and gone from it at a later one. */
function deletedKeys(feed: Feed): Set<number> {
  const states = feed.map((_, index) => modelOf(feed.slice(0, index + 1)));
  return new Set(
    states.flatMap((state, index) =>
      [...state.keys()].filter((id) => states[index + 1] && !states[index + 1]?.has(id)),
    ),
  );
}

const rowsOf = (people: Iterable<Person>) =>
  [...people].map(({ id, seq, name }) => [id, seq, name]).toSorted((a, b) => Number(a[0]) - Number(b[0]));

const runOf = (deletes: FeedRun['deletes'], ...sequences: number[]): FeedRun => ({
  rows: sequences.map((seq) => ({ id: 3, seq, name: null })),
  deletes,
  keys: sequences.length > 0 ? [3] : [],
  rowsPerPage: 2,
  salt: 0,
});

/** A key that comes back with an old sequence, and then with the one it had before its delete (found by chance once). */
const OVERTAKEN: Feed = [runOf('none', 9), runOf('sweep'), runOf('none', 1), runOf('none', 9)];

test(
  `${FEEDS} random feeds: SCD_TYPE_1 is the plain model, SCD_TYPE_2's open rows are SCD_TYPE_1, intervals neither overlap nor leave a gap but for deletes, and the order of arrival changes nothing`,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(feedRun, { minLength: 1, maxLength: 4 }), async (feed) => {
        const model = rowsOf(modelOf(feed).values());
        const scd1 = await withLake(async (staging) => {
          await publishFeed(staging, feed, SCD1);
          return current(staging);
        });
        expect(scd1).toEqual(model);

        const versions = await versionsOf(feed);
        expect(
          versions.filter(([, , , , end]) => end === null).map(([id, seq, name]) => [id, seq, name]),
        ).toEqual(model);
        expect(faults(versions)).toEqual([]);
        const deleted = deletedKeys(feed);
        expect(interrupted(versions).filter((id) => !deleted.has(id))).toEqual([]);
        // No sequence a key ever had is missing from its history; one without any may have no end to be closed with.
        const seen = new Set(feed.flatMap(({ rows }) => rows.map(({ id, seq }) => `${id} ${seq}`)));
        const kept = new Set(versions.map(([id, seq]) => `${id} ${seq}`));
        expect([...seen].filter((one) => !kept.has(one) && !one.endsWith(' null'))).toEqual([]);
        expect([...kept].filter((one) => !seen.has(one))).toEqual([]);

        expect(await versionsOf(feed, { shuffle: true })).toEqual(versions);
      }),
      { ...randomRuns(FEEDS, FEEDS), examples: [[OVERTAKEN]] },
    );
  },
  TIMEOUT_MS,
);

/** Rows whose content is a function of key and sequence: as a log of changes has them, told several times or not. */
const event = fc
  .record({ id: fc.integer({ min: 1, max: 4 }), seq: fc.integer({ min: 1, max: 12 }) })
  .map(({ id, seq }): Person => ({ id, seq, name: `${id} at ${seq}` }));

function feedOf(events: readonly Person[], runs: number): Feed {
  const size = Math.max(1, Math.ceil(events.length / runs));
  return Array.from({ length: Math.ceil(events.length / size) }, (_, run) => ({
    rows: events.slice(run * size, (run + 1) * size),
    deletes: 'none',
    keys: [],
    rowsPerPage: 3,
    salt: run,
  }));
}

test(
  'random logs of changes give the same history in whichever order and in however many runs they arrive',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        async (events, runs, salt) => {
          const inOrder = await versionsOf(feedOf(events, 1));
          expect(await versionsOf(feedOf(shuffled(events, salt), runs))).toEqual(inOrder);
          expect(inOrder).toHaveLength(new Set(events.map(hashOf)).size);
        },
      ),
      randomRuns(10, 500),
    );
  },
  TIMEOUT_MS,
);

import { expect, test as base } from 'vitest';
import { listRowIds, type ListedPart, type ListingProgress } from '../src/list-row-ids.ts';
import { RowIdSet } from '../src/row-id-set.ts';
import { expectRejection } from '../../base/test/expect-code.ts';
import { serveIds, type Whims, type WhimsicalServer } from './whimsical-server.ts';

interface Fixtures {
  serve: (ids: readonly bigint[], whims: Whims, maxRetries?: number) => Promise<WhimsicalServer>;
}

const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads a fixture's needs off its parameter
  serve: async ({}, use) => {
    const servers: WhimsicalServer[] = [];
    await use(async (ids, whims, maxRetries) => {
      const server = await serveIds(ids, whims, maxRetries);
      servers.push(server);
      return server;
    });
    for (const server of servers) server.close();
  },
});

const signal = new AbortController().signal;
const listingOf = (expected: number) => ({ table: 't', version: 1, expected });

function idsIn(set: RowIdSet): bigint[] {
  const ids = [...set.slices(100_000)].flatMap((slice) => [...slice]);
  set.dispose();
  return ids;
}

const ROWS = Number(process.env['LISTED_ROWS'] ?? 2500);
const TABLES: Readonly<Record<string, readonly bigint[]>> = {
  'ids without gaps': Array.from({ length: ROWS }, (_, row) => BigInt(row)),
  'ids of several fragments, of which rows were deleted': Array.from({ length: ROWS }, (_, row) => {
    const fragment = Math.floor(row / 700);
    return (BigInt(fragment * 3) << 32n) | BigInt((row % 700) + Math.floor((row % 700) / 10) * 2);
  }),
  'ids far apart': Array.from({ length: ROWS }, (_, row) => BigInt(row * 97 + ((row * row) % 50))),
};

const CAP = 137;
const FEW = 24;
const WHIMS: Readonly<Record<string, Whims>> = {
  'repeats rows': { repeated: 0.02 },
  'repeats the same rows each time': { repeated: 0.02, stubborn: true },
  'has rows twice in its order': { twins: 0.02 },
  'has rows twice in its order and caps k': { twins: 0.02, cap: CAP },
  'repeats rows and caps k': { repeated: 0.02, cap: CAP, stubborn: true },
  'leaves rows out': { missing: 0.05 },
  'leaves the same rows out each time': { missing: 0.05, stubborn: true },
  'caps k': { cap: CAP },
  'has no order': { noOrder: true },
  'caps k and has no order': { noOrder: true, cap: CAP },
  'fails often': { faults: 0.2, cap: CAP },
  'does it all': { repeated: 0.02, missing: 0.05, cap: CAP, noOrder: true, faults: 0.2 },
  'does it all but for the order': { repeated: 0.02, missing: 0.05, cap: CAP, stubborn: true, faults: 0.2 },
};

for (const [how, ids] of Object.entries(TABLES)) {
  for (const [what, whims] of Object.entries(WHIMS)) {
    test(`${how}: a server that ${what} names every row within three times an honest one’s requests`, async ({
      serve,
    }) => {
      const server = await serve(ids, whims);
      const found = await listRowIds(listingOf(ids.length), server.client, { signal });
      expect(idsIn(found)).toEqual(ids);
      const honest = Math.ceil(ids.length / (whims.cap ?? ids.length));
      // Where all comes in one answer, it takes a few more to find what that one lacked.
      expect(server.queries.length - server.faults).toBeLessThanOrEqual(Math.max(3 * honest, FEW));
    });
  }
}

test('an honest server is asked once', async ({ serve }) => {
  const ids = TABLES['ids far apart'] ?? [];
  const { client, queries } = await serve(ids, {});
  expect(idsIn(await listRowIds(listingOf(ids.length), client, { signal }))).toEqual(ids);
  expect(queries).toMatchObject([{ k: ids.length, offset: 0 }]);
});

test('a server that knows no filter for ids, leaves rows out and caps k is asked by offsets until all are there', async ({
  serve,
}) => {
  const ids = TABLES['ids without gaps'] ?? [];
  const { client } = await serve(ids, { noIdFilters: true, cap: CAP, missing: 0.05, repeated: 0.02 });
  expect(idsIn(await listRowIds(listingOf(ids.length), client, { signal }))).toEqual(ids);
});

test('a server that counts more rows than it has is asked a few more times, and refused', async ({
  serve,
}) => {
  const ids = TABLES['ids without gaps'] ?? [];
  const { client, queries } = await serve(ids, { cap: 500 });
  const listing = listRowIds(listingOf(ids.length + 3), client, { signal });
  await expectRejection(listing, 'SOURCE_SHORT', /counts 2503 rows and names 2500/);
  expect(queries.length).toBeLessThan(60);
});

test('a server that names more rows than it counts is refused', async ({ serve }) => {
  const ids = TABLES['ids without gaps'] ?? [];
  const { client } = await serve(ids, { noOrder: true, cap: 1000 });
  const listing = listRowIds(listingOf(1500), client, { signal });
  const error = await expectRejection(listing, 'SOURCE_BAD_BODY', /counts 1500 rows and names \d+/);
  expect(error.details).toEqual({ table: 't' });
});

test('ids that are known are not asked for', async ({ serve }) => {
  const ids = TABLES['ids without gaps'] ?? [];
  const known = RowIdSet.of(BigUint64Array.from(ids.filter((id) => id % 50n !== 7n)));
  const { client, queries } = await serve(ids, { cap: CAP, noOrder: true });
  expect(idsIn(await listRowIds(listingOf(ids.length), client, { signal, known }))).toEqual(ids);
  expect(queries.length).toBeLessThanOrEqual(3); // 50 are missing: one answer tells that, one has them
  known.dispose();
});

/** Progress in memory, as it is in the lake. */
function keptProgress(): ListingProgress & { readonly parts: ListedPart[] } {
  const parts: ListedPart[] = [];
  return {
    parts,
    async *load() {
      yield* parts;
    },
    save({ ids, offset }) {
      parts.push({ ids: [...ids], offset });
      return Promise.resolve();
    },
  };
}

for (const whims of [{ cap: CAP }, { cap: CAP, noOrder: true, missing: 0.05, repeated: 0.02 }]) {
  const order = whims.noOrder ? 'in no order' : 'in order';
  test(`each attempt at a listing goes on where the one before failed, with a server that answers ${order}`, async ({
    serve,
  }) => {
    const ids = TABLES['ids without gaps'] ?? [];
    const server = await serve(ids, whims, 0);
    const progress = keptProgress();
    const honest = Math.ceil(ids.length / CAP);
    const failures: unknown[] = [];
    let found: RowIdSet | undefined;
    while (!found && failures.length < 2 * honest) {
      server.failAfter(3);
      const attempt = listRowIds(listingOf(ids.length), server.client, { signal, progress });
      found = await attempt.catch((error: unknown) => void failures.push(error));
    }
    expect(idsIn(found ?? new RowIdSet())).toEqual(ids);
    expect(failures.length).toBeGreaterThanOrEqual(Math.floor(honest / 3) - 1);
    for (const error of failures) expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });
}

test('an attempt that gets a single answer is not in vain', async ({ serve }) => {
  const ids = TABLES['ids without gaps'] ?? [];
  const server = await serve(ids, { cap: CAP, noOrder: true }, 0);
  const progress = keptProgress();
  let found: RowIdSet | undefined;
  for (let attempt = 0; !found && attempt < 60; attempt++) {
    server.failAfter(2);
    found = await listRowIds(listingOf(ids.length), server.client, { signal, progress }).catch(
      () => undefined,
    );
  }
  expect(idsIn(found ?? new RowIdSet())).toEqual(ids);
});

test('a failed request of a listing is sent again, and the others are not', async ({ serve }) => {
  const ids = TABLES['ids without gaps'] ?? [];
  const server = await serve(ids, { cap: CAP, faults: 0.2 });
  idsIn(await listRowIds(listingOf(ids.length), server.client, { signal }));
  expect(server.faults).toBeGreaterThan(0);
  expect(server.queries.length - server.faults).toBe(Math.ceil(ids.length / CAP));
});

test('a listing that an earlier attempt has finished asks for nothing', async ({ serve }) => {
  const ids = TABLES['ids far apart'] ?? [];
  const { client, queries } = await serve(ids, { cap: CAP });
  const progress = keptProgress();
  idsIn(await listRowIds(listingOf(ids.length), client, { signal, progress }));
  const asked = queries.length;
  expect(idsIn(await listRowIds(listingOf(ids.length), client, { signal, progress }))).toEqual(ids);
  expect(queries).toHaveLength(asked);
});

test('parts that name more rows than there are prove nothing: all are asked for again', async ({ serve }) => {
  const ids = TABLES['ids without gaps'] ?? [];
  const { client } = await serve(ids, { cap: CAP });
  const progress = keptProgress();
  progress.parts.push({
    ids: [BigUint64Array.from({ length: 3000 }, (_, id) => BigInt(id + 1_000_000))],
    offset: 3000,
  });
  expect(idsIn(await listRowIds(listingOf(ids.length), client, { signal, progress }))).toEqual(ids);
});

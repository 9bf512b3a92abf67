import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import type { ListingProgress } from '@lance-offload/lancedb';
import { listingProgress } from '../../src/stage/listing-progress.ts';
import { test } from '../lake-fixture.ts';
import { pathsOf } from '../paths-of.ts';

const RUN = { destination: 'documents', runId: 'documents-20261122T101500Z-7f3a' };
const LISTING = { table: 'documents', version: 3, filter: "name = 'x'", expected: 100 };
const idsOf = (...ids: number[]) => BigUint64Array.from(ids, BigInt);

async function loaded(progress: ListingProgress): Promise<{ ids: bigint[]; offset: number }[]> {
  const parts: { ids: bigint[]; offset: number }[] = [];
  for await (const { ids, offset } of progress.load())
    parts.push({ ids: [...ids].flatMap((some) => [...some]), offset });
  return parts.toSorted((a, b) => a.offset - b.offset);
}

test('a listing finds the parts of all its attempts, and none replaces another’s', async ({ staging }) => {
  const attempt = () => listingProgress(staging, RUN, 'rows', LISTING);
  const [first, second] = [attempt(), attempt()];
  expect(await loaded(first)).toEqual([]);
  await first.save({ ids: [idsOf(1, 2), idsOf(2 ** 33)], offset: 3 });
  await second.save({ ids: [], offset: 5 });
  await first.save({ ids: [idsOf(7)], offset: 9 });
  const parts = [
    { ids: [1n, 2n, 2n ** 33n], offset: 3 },
    { ids: [], offset: 5 },
    { ids: [7n], offset: 9 },
  ];
  expect(await loaded(attempt())).toEqual(parts);
  expect(await loaded(first)).toEqual(parts);
});

test('another version, filter, number of rows or scan is another listing', async ({ staging }) => {
  await listingProgress(staging, RUN, 'rows', LISTING).save({ ids: [idsOf(1)], offset: 1 });
  const { filter: _, ...unfiltered } = LISTING;
  for (const listing of [
    { ...LISTING, version: 4 },
    { ...LISTING, expected: 99 },
    { ...LISTING, filter: 'x' },
    unfiltered,
  ])
    expect(await loaded(listingProgress(staging, RUN, 'rows', listing))).toEqual([]);
  expect(await loaded(listingProgress(staging, RUN, 'keys', LISTING))).toEqual([]);
});

test('what is no part of a listing is left alone', async ({ staging }) => {
  const progress = listingProgress(staging, RUN, 'rows', LISTING);
  await progress.save({ ids: [idsOf(1)], offset: 1 });
  const folder = path.join(pathsOf(staging).run(RUN.destination, RUN.runId), 'listing-rows');
  const [listing = ''] = await readdir(folder);
  await staging.writeData(
    RUN.destination,
    `_offload/${RUN.runId}/listing-rows/${listing}/note.txt`,
    Buffer.from('x'),
  );
  expect(await loaded(progress)).toEqual([{ ids: [1n], offset: 1 }]);
});

import { BUCKET_S } from '@lance-offload/fleet';
import { expect } from 'vitest';
import { BucketWindow } from '../../src/api/bucket-window.ts';
import { apiTest, type Rig } from './api-fixture.ts';

const test = apiTest;

const NOON_S = Date.UTC(2026, 10, 22, 12) / 1000;

/** Counts as workers leave them that stage 1,000 rows a second until a moment. */
async function work({ fleet: { redis, prefix } }: Rig, fromS: number, untilS: number): Promise<void> {
  for (let atS = fromS; atS < untilS; atS += BUCKET_S) {
    const seconds = Math.min(BUCKET_S, untilS - atS);
    await redis.hset(`${prefix}:bucket:${atS}`, { rows: Math.round(seconds * 1000), busyMs: seconds * 2000 });
  }
}

test('at a steady pace the figures are that pace, wherever in a bucket one looks', async ({ rig }) => {
  const window = new BucketWindow(rig.fleet);
  for (const elapsedS of [0, 0.2, 2.5, 4.9, 5, 7.4, 9.9]) {
    const nowS = NOON_S + elapsedS;
    await work(rig, NOON_S - 120, nowS);
    await window.refresh(nowS * 1000);
    expect(window.figures()).toMatchObject({ rowsPerSecond: 1000, rowsPerSecondMinute: 1000 });
    const [last, before] = [window.points.at(-1), window.points.at(-2)];
    expect(before).toMatchObject({ rows: 1000, inFlight: 2 });
    if (elapsedS >= 1) expect(last).toMatchObject({ t: NOON_S, rows: 1000, inFlight: 2 });
  }
});

test('when work ends, the figure of ten seconds falls as they pass, and the points stay', async ({ rig }) => {
  const window = new BucketWindow(rig.fleet);
  await work(rig, NOON_S - 120, NOON_S);
  const figures: number[] = [];
  for (const seconds of [0, 4, 8, 12]) {
    await window.refresh((NOON_S + seconds) * 1000);
    figures.push(window.figures().rowsPerSecond);
  }
  expect(figures).toEqual([1000, 600, 200, 0]);
  expect(window.points).toHaveLength(360);
  expect(window.points.filter(({ rows }) => rows === 1000)).toHaveLength(12);
  expect(window.figures().rowsPerSecondHour).toBe(Math.round(120_000 / 3600));
});

import { expect } from 'vitest';
import { readLimits, setLimits } from '../../src/jobs/limits.ts';
import { PAGE_QUEUE } from '../../src/jobs/queues.ts';
import { startRun } from '../../src/jobs/run-control.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { planOf } from '../../../core/test/lake-fixture.ts';
import { fleetTest, pagesOf, REQUEST } from './fleet-fixture.ts';

const test = fleetTest(20);

test('limits are none at first, are changed one by one, and are taken away', async ({ rig }) => {
  const { fleet } = rig;
  expect(await readLimits(fleet)).toEqual({ concurrency: null, requestsPerSecond: null });
  expect(await setLimits(fleet, { concurrency: 3 })).toEqual({ concurrency: 3, requestsPerSecond: null });
  expect(await setLimits(fleet, { requestsPerSecond: 0.5 })).toEqual({
    concurrency: 3,
    requestsPerSecond: 0.5,
  });
  expect(await setLimits(fleet, {})).toEqual({ concurrency: 3, requestsPerSecond: 0.5 });
  expect(await setLimits(fleet, { concurrency: null, requestsPerSecond: null })).toEqual({
    concurrency: null,
    requestsPerSecond: null,
  });
});

test('what is no limit is refused, and changes nothing', async ({ rig }) => {
  for (const concurrency of [0, -1, 1.5, Number.NaN])
    await expectRejection(setLimits(rig.fleet, { concurrency }), 'CONFIG_INVALID', /whole number from 1/);
  for (const requestsPerSecond of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    await expectRejection(
      setLimits(rig.fleet, { requestsPerSecond, concurrency: 2 }),
      'CONFIG_INVALID',
      /above 0/,
    );
  expect(await readLimits(rig.fleet)).toEqual({ concurrency: null, requestsPerSecond: null });
});

test('the concurrency holds for all workers together', async ({ rig }) => {
  const { fleet, work } = rig;
  await setLimits(fleet, { concurrency: 1 });
  const { runId } = await startRun(REQUEST, fleet);
  await fleet.queues.addPages(pagesOf(planOf({ runId, sourceRows: 300 })), fleet.attempts);
  let [active, most] = [0, 0];
  const begin = async () => {
    active += 1;
    most = Math.max(most, active);
    await fleet.redis.ping();
    active -= 1;
  };
  const workers = [work(PAGE_QUEUE, begin), work(PAGE_QUEUE, begin)];
  for (const worker of workers) worker.concurrency = 4;
  let left = 30;
  await new Promise<void>((resolve) => {
    for (const worker of workers)
      worker.on('completed', () => {
        left -= 1;
        if (left === 0) resolve();
      });
  });
  expect(most).toBe(1);
  await setLimits(fleet, { concurrency: null });
});

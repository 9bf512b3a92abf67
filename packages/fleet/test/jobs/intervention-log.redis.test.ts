import { expect } from 'vitest';
import { readInterventions, logIntervention } from '../../src/jobs/intervention-log.ts';
import { fleetTest } from './fleet-fixture.ts';

const test = fleetTest(30);

const retry = { actor: 'olga', action: 'retry', target: 'documents-1', outcome: 'done' } as const;

test('interventions are read newest first, as many as are asked for', async ({ rig: { fleet } }) => {
  for (const atMs of [1, 2, 3]) await logIntervention(fleet, { ...retry, atMs });
  const read = await readInterventions(fleet, 2);
  expect(read).toEqual([
    { ...retry, atMs: 3 },
    { ...retry, atMs: 2 },
  ]);
  expect(await readInterventions(fleet, 100)).toHaveLength(3);
  expect(await readInterventions(fleet, 0)).toEqual([]);
});

test('the newest 10,000 are kept', async ({ rig: { fleet } }) => {
  const key = `${fleet.prefix}:actions`;
  const older = Array.from({ length: 10_000 }, (_, index) => JSON.stringify({ ...retry, atMs: index }));
  await fleet.redis.rpush(key, ...older.toReversed());
  await logIntervention(fleet, { ...retry, atMs: 10_000 });
  const read = await readInterventions(fleet, 20_000);
  expect([read.length, read[0]?.atMs, read.at(-1)?.atMs]).toEqual([10_000, 10_000, 1]);
});

test('an intervention without a time is of now, and long texts are cut', async ({ rig: { fleet } }) => {
  const before = Date.now();
  await logIntervention(fleet, { ...retry, target: 'x'.repeat(1000) });
  const [intervention] = await readInterventions(fleet, 1);
  expect(intervention?.atMs).toBeGreaterThanOrEqual(before);
  expect(intervention?.target).toBe('x'.repeat(300));
});

test('what another release wrote is left out, and hides nothing', async ({ rig: { fleet } }) => {
  await logIntervention(fleet, { ...retry, atMs: 1 });
  await fleet.redis.lpush(`${fleet.prefix}:actions`, '{"actor":1}', 'no json');
  expect(await readInterventions(fleet, 10)).toEqual([{ ...retry, atMs: 1 }]);
});

import { expect } from 'vitest';
import { fleetTest } from './fleet-fixture.ts';
import { fixedWindow, simulate, tokenBucket, type Simulation } from './simulated-fleet.ts';

const test = fleetTest(10);

interface Case extends Omit<Simulation, 'limiter'> {
  readonly what: string;
  readonly limiter: () => Simulation['limiter'];
  /** Seconds a client would need that knew the limit from the start. */
  readonly ideal: number;
  /** At most so many times the ideal. */
  readonly factor: number;
  /** At most this part of all requests is answered 429. */
  readonly refused: number;
}

const FOUR = { processes: 4, slots: 4 };

const CASES: readonly Case[] = [
  {
    ...FOUR,
    what: '2,000 requests of four workers to a source that takes 20 a second',
    limiter: () => tokenBucket(20),
    requests: 2000,
    ideal: 100,
    factor: 1.05,
    refused: 0.03,
  },
  {
    ...FOUR,
    what: 'a source that lets a thousand through before it limits',
    limiter: () => tokenBucket(20, 1000),
    requests: 4000,
    ideal: 150,
    factor: 1.05,
    refused: 0.03,
  },
  {
    ...FOUR,
    what: 'a source that takes no more than two at once, and asks for a second each time',
    limiter: () => tokenBucket(20, 2),
    requests: 2000,
    ideal: 100,
    factor: 1.35,
    refused: 0.03,
  },
  {
    ...FOUR,
    what: 'a source that counts each second apart',
    limiter: () => fixedWindow(20, 1),
    requests: 2000,
    ideal: 100,
    factor: 1.15,
    refused: 0.03,
  },
  {
    ...FOUR,
    what: 'a source that counts each minute apart',
    limiter: () => fixedWindow(1200, 60),
    requests: 6000,
    ideal: 300,
    factor: 1.05,
    refused: 0.03,
  },
  {
    what: 'fifty workers at 500 a second',
    limiter: () => tokenBucket(500),
    processes: 50,
    slots: 4,
    requests: 20_000,
    ideal: 40,
    factor: 1.1,
    refused: 0.03,
  },
  {
    what: 'a limit that falls from 200 to 20 in mid-run',
    limiter: () => tokenBucket((now) => (now < 10 ? 200 : 20)),
    processes: 8,
    slots: 4,
    requests: 4000,
    ideal: 110,
    factor: 1.1,
    refused: 0.03,
  },
  {
    what: 'a limit that rises from 20 to 200 in mid-run',
    limiter: () => tokenBucket((now) => (now < 60 ? 20 : 200)),
    processes: 8,
    slots: 4,
    requests: 8000,
    ideal: 94,
    factor: 1.35,
    refused: 0.03,
  },
  {
    ...FOUR,
    what: 'a ceiling below the source’s limit',
    limiter: () => tokenBucket(20),
    ceiling: 10,
    requests: 500,
    ideal: 50,
    factor: 1.05,
    refused: 0,
  },
  {
    ...FOUR,
    what: 'a limit of the fleet below the source’s, set in mid-run',
    limiter: () => tokenBucket(200, 400),
    fleetCeiling: [{ at: 1, perSecond: 10 }],
    requests: 1000,
    ideal: 65,
    factor: 1.1,
    refused: 0,
  },
  {
    ...FOUR,
    what: 'a limit of the fleet that is raised from one in ten seconds',
    limiter: () => tokenBucket(20),
    fleetCeiling: [
      { at: 0, perSecond: 0.1 },
      { at: 30, perSecond: 10 },
    ],
    requests: 100,
    ideal: 40,
    factor: 1.1,
    refused: 0,
  },
  {
    ...FOUR,
    what: 'a limit of the fleet that is taken away again',
    limiter: () => tokenBucket(100_000),
    fleetCeiling: [
      { at: 0, perSecond: 5 },
      { at: 20, perSecond: null },
    ],
    requests: 2000,
    ideal: 40,
    factor: 1.1,
    refused: 0,
  },
];

for (const { what, limiter, ideal, factor, refused, ...fleet } of CASES) {
  test(`${what}: done in ${factor} times the ideal, with at most ${refused * 100} % of requests refused`, async ({
    rig,
  }) => {
    const outcome = await simulate(rig.fleet.redis, `${rig.fleet.prefix}:pace`, {
      ...fleet,
      limiter: limiter(),
    });
    expect(outcome.seconds).toBeLessThan(ideal * factor);
    expect(outcome.refused / (outcome.refused + fleet.requests)).toBeLessThanOrEqual(refused);
    expect(outcome.worst).toBeLessThanOrEqual(2);
  });
}

test('a hundred workers that all meet a limit of two a second are refused twice at most, each', async ({
  rig,
}) => {
  const fleet = { processes: 100, slots: 4, requests: 600, limiter: tokenBucket(2) };
  const outcome = await simulate(rig.fleet.redis, `${rig.fleet.prefix}:pace`, fleet);
  expect(outcome.worst).toBeLessThanOrEqual(2);
  expect(outcome.seconds).toBeLessThan(300 * 1.25);
});

import { VERSION } from '@lance-offload/base';
import { Router } from 'express';
import { Registry } from 'prom-client';
import { gauge, toMetric, type Family } from './family.ts';
import { fleetFamilies } from './fleet-families.ts';
import { readFleet, type FleetStanding, type MetricsDeps } from './read-fleet.ts';

/** Prometheus gives a scrape ten seconds; a Redis that takes longer than this is as good as away. */
const READ_MS = 2000;

/** The fleet, or `undefined` where Redis does not answer in time. */
async function readInTime(deps: MetricsDeps): Promise<FleetStanding | undefined> {
  // A client that is reconnecting would keep the commands until it succeeds.
  if (deps.redis.status !== 'ready') return undefined;
  const { promise: tooLate, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, READ_MS, undefined);
  const read = readFleet(deps).catch(() => undefined); // the connection broke, or holds what is no fleet: that is the answer
  try {
    return await Promise.race([read, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * `GET /metrics` in Prometheus's text format. Values are read from Redis for each scrape, so any number of dashboards tell
 * the same; without Redis nothing is told but that it is away, and the answer is 200 still.
 */
export function createMetrics(deps: MetricsDeps): Router {
  const router = Router();
  router.get('/metrics', async (_request, response) => {
    const started = performance.now();
    const fleet = await readInTime(deps);
    const families: Family[] = [
      gauge('build_info', 'The release that answers.', [{ labels: { version: VERSION }, value: 1 }]),
      gauge(
        'redis_up',
        '1 while Redis answers; without it nothing else is known.',
        Number(fleet !== undefined),
      ),
      ...(fleet ? fleetFamilies(fleet) : []),
      gauge('scrape_duration_seconds', 'Time it took to read this.', (performance.now() - started) / 1000),
    ];
    const registry = new Registry();
    for (const family of families) registry.registerMetric(toMetric(family));
    response.type(registry.contentType).send(await registry.metrics());
  });
  return router;
}

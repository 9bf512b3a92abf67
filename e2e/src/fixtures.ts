import { Redis } from 'ioredis';
import { inject, test as base } from 'vitest';
import { FleetRedis } from './fleet-redis.ts';
import { World } from './world.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

interface Fixtures {
  /** Folder, queue prefix and key of the test's own. Every process it started is ended afterwards. */
  world: World;
  /** The world's queues. */
  fleetRedis: FleetRedis;
  /** A Redis database that holds nothing but this world's queues. */
  ownDatabase: Redis;
}

export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads a fixture's needs off its parameter
  world: async ({}, use) => {
    const world = await World.create(inject('redisUrl'));
    await use(world);
    await world.close();
  },
  fleetRedis: async ({ world }, use) => {
    const fleetRedis = new FleetRedis(world.redisUrl, world.prefix);
    await use(fleetRedis);
    await fleetRedis.close();
  },
  ownDatabase: async ({ world }, use) => {
    // Tests empty it: files that run beside one another have one each.
    world.redisUrl = `${inject('redisUrl')}/${40 + Number(process.env['VITEST_POOL_ID'] ?? 0)}`;
    const redis = new Redis(world.redisUrl);
    await redis.flushdb();
    await use(redis);
    redis.disconnect();
  },
});

import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';

async function ask(url: string): Promise<number> {
  const response = await fetch(url);
  await response.text();
  return response.status;
}

test('a worker answers health checks where it is told to, and is not ready while it finishes its pages', async ({
  world,
}) => {
  await world.items('items', 50);
  const source = await world.serve();
  const held = source.hold(({ operation }) => operation === 'query');
  const worker = world.lanceWorker('--health-port', '0');
  const [, url = ''] = await worker.says(/"health":"(http:[^"]+)"/);
  expect([await ask(`${url}/healthz`), await ask(`${url}/readyz`)]).toEqual([200, 200]);

  const run = world.producer('run', '--json');
  await held.waiting(1);
  worker.send('SIGTERM');
  await worker.says(/shutting down/);
  expect([await ask(`${url}/healthz`), await ask(`${url}/readyz`)]).toEqual([200, 503]);
  held.release();
  expect(await worker.ended).toMatchObject({ code: 0 });
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');

  await world.worker();
  expect(await run.ended).toMatchObject({ code: 0 });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { BINS } from '../src/programs.ts';
import type { World } from '../src/world.ts';

/** What this test reads of the dashboard's answers; `packages/dashboard/src/api/answers.ts` has them whole. */
interface Overview {
  readonly tables: readonly {
    readonly table: string;
    readonly runId: string;
    readonly state: string;
    readonly pages: Readonly<Record<string, number>>;
    readonly rows: number;
  }[];
  readonly workers: readonly { readonly state: string; readonly pages: number; readonly rows: number }[];
  readonly points: readonly { readonly rows: number }[];
  readonly pointSeconds: number;
}

async function startDashboard(world: World): Promise<string> {
  const dashboard = world.start(BINS.dashboard, ['--port', '0']);
  const [, url = ''] = await dashboard.says(/listening on (http:\/\/[^/\s]+)/);
  return url;
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  expect([url, response.status]).toEqual([url, 200]);
  return response.text();
}

/** The overview as soon as it fits. */
async function overviewWhere(url: string, fits: (overview: Overview) => boolean): Promise<Overview> {
  for (;;) {
    const overview: Overview = JSON.parse(await textOf(`${url}/api/overview`));
    if (fits(overview)) return overview;
    await sleep(200);
  }
}

test('the dashboard tells of a run what the fleet does with it, from its pages to the published version', async ({
  world,
}) => {
  await world.items('broken', 1000);
  const source = await world.serve({ tables: { broken: { batch_size: 100 } } });
  const refusal = source.refuse(
    (request) => request.table === 'broken' && request.operation === 'query' && request.offset === 300,
    400,
    'Invalid input: fragment 3 cannot be read',
  );
  await world.worker();
  const url = await startDashboard(world);
  expect((await world.offload('run')).code).toBe(1);

  const blocked = await overviewWhere(url, ({ tables }) => tables[0]?.state === 'blocked');
  const [table] = blocked.tables;
  expect(table).toMatchObject({
    table: 'broken',
    pages: { total: 10, staged: 9, active: 0, failed: 1, waiting: 0 },
    rows: 900,
  });
  const run = `${url}/api/runs/${table?.runId}`;
  expect(JSON.parse(await textOf(run))).toMatchObject({
    state: 'blocked',
    blockedBy: 'The commit waits for 1 failed page.',
    failures: [{ code: 'SOURCE_REJECTED', count: 1, message: expect.stringContaining('fragment 3') }],
    plan: { rowsPerPage: 100, source: source.url },
  });
  expect(JSON.parse(await textOf(`${run}/pages/3`))).toMatchObject({
    state: 'failed',
    offset: 300,
    attempts: 1,
  });
  expect(JSON.parse(await textOf(`${run}/pages/4`))).toMatchObject({
    state: 'staged',
    rows: 100,
    requests: 1,
  });

  refusal.heal();
  await world.offload('retry', table?.runId ?? '');
  const published = await overviewWhere(
    url,
    ({ tables, workers }) => tables[0]?.state === 'published' && workers[0]?.pages === 10,
  );
  expect(published.workers).toMatchObject([{ pages: 10, rows: 1000 }]);
  const counted = published.points.reduce((sum, { rows }) => sum + rows * published.pointSeconds, 0);
  // Of a point that has just begun the rate is told, which is more than what was staged in it.
  expect(counted).toBeGreaterThanOrEqual(950);
  expect(JSON.parse(await textOf(run))).toMatchObject({
    state: 'published',
    verified: true,
    rows: 1000,
    report: { lakeRows: 1000, rows: { inserted: 1000 } },
  });
  const answers = await Promise.all(
    ['overview', 'failures', 'failures/jobs', 'actions'].map((route) => textOf(`${url}/api/${route}`)),
  );
  expect([...answers, await textOf(run)].join('')).not.toContain(world.apiKey);
});

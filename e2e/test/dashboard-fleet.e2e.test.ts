import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { complaintsOf, launchChromium } from '../src/chromium.ts';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';
import { BINS } from '../src/programs.ts';
import { startRedis } from '../src/redis-server.ts';
import type { Source, SourceRequest } from '../src/source.ts';
import type { World } from '../src/world.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function openDashboard(world: World): Promise<{ url: string; page: Page; complaints: string[] }> {
  const program = world.start(BINS.dashboard, ['--port', '0']);
  const [, url = ''] = await program.says(/listening on (http:\/\/[^/\s]+)/);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const complaints = complaintsOf(page);
  await page.goto(url);
  await page.getByText('live', { exact: true }).waitFor();
  // Gone after a reload: what moves from here on moves by itself.
  await page.evaluate(() => Reflect.set(globalThis, 'notReloaded', true));
  return { url, page, complaints };
}

const isNotReloaded = (page: Page): Promise<unknown> =>
  page.evaluate(() => Reflect.get(globalThis, 'notReloaded') as unknown);

const isQuery =
  (from: number) =>
  ({ operation, offset = 0 }: SourceRequest): boolean =>
    operation === 'query' && offset === from;

/** Answers the queries of a table slowly, so that there is something to be seen of its run. */
function slowDown(source: Source, table: string, ms: number): void {
  source.spoil(
    (request) => request.operation === 'query' && request.table === table,
    async (response, genuine) => {
      const body = await genuine();
      await sleep(ms);
      response.type('application/vnd.apache.arrow.stream').send(body);
    },
  );
}

/** The row of a table in the overview. */
const rowOf = (page: Page, table: string) =>
  page
    .locator('#tables')
    .getByRole('row')
    .filter({ has: page.getByRole('link', { name: table, exact: true }) });

/** Rows staged so far, as the overview says. */
async function rowsShown(page: Page, table: string): Promise<number> {
  const text = await rowOf(page, table).getByRole('cell').nth(4).innerText();
  return Number(text.replaceAll(',', ''));
}

async function confirm(page: Page, button: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: button, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
}

test('a run is seen moving, its failed pages are retried as a group, and it publishes', async ({ world }) => {
  const items = await world.items('items', 4000);
  const source = await world.serve({
    tables: { items: { batch_size: 100 } },
    connection: { max_retries: 1 },
  });
  const refusals = [1000, 2000, 3000].map((offset) =>
    source.refuse(isQuery(offset), 400, 'the index of this fragment is being rebuilt'),
  );
  slowDown(source, 'items', 400);
  const { url, page, complaints } = await openDashboard(world);
  await world.worker(['--concurrency', '2']);
  world.producer('run');

  // Numbers move without a reload, and the charts have points.
  await rowOf(page, 'items').waitFor();
  await expect.poll(() => rowsShown(page, 'items'), { timeout: 30_000 }).toBeGreaterThan(0);
  const before = await rowsShown(page, 'items');
  await expect.poll(() => rowsShown(page, 'items'), { timeout: 30_000 }).toBeGreaterThan(before);
  expect(await isNotReloaded(page)).toBe(true);
  await page.getByRole('button', { name: 'As numbers' }).click();
  const numbers = page.getByRole('region', { name: 'The last hour by the minute' });
  await expect
    .poll(async () => (await numbers.innerText()).match(/[1-9][\d,]*/g)?.length ?? 0)
    .toBeGreaterThan(2);

  // The failing pages appear as one group, with the hint and the server's words.
  await expect
    .poll(
      () =>
        page
          .getByRole('link', { name: /Failures/ })
          .first()
          .innerText(),
      { timeout: 60_000 },
    )
    .toContain('3');
  await page
    .getByRole('link', { name: /Failures/ })
    .first()
    .click();
  const group = page.getByRole('article').filter({ hasText: 'SOURCE_REJECTED' });
  await group.getByText('3 pages').waitFor();
  expect(await group.innerText()).toContain('the index of this fragment is being rebuilt');
  expect(await group.innerText()).toContain('After a fix at the source, retry the run.');

  // The run says what it waits for.
  await expect.poll(() => group.getByRole('link').first().getAttribute('href')).toContain('/runs/items-');
  await group.getByRole('link').first().click();
  await page.getByText('The commit waits for 3 failed pages.').waitFor({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Look at the failures' }).click();

  const run = await world.lake.openRun('items');
  for (const refusal of refusals) refusal.heal();
  await page.getByRole('button', { name: /^Retry 3 failures SOURCE_REJECTED/ }).click();
  await confirm(page, 'Retry');
  expect(await world.lake.ended(run)).toMatchObject({ state: 'published', verified: true });

  await group.waitFor({ state: 'hidden' });
  await page.getByRole('banner').getByRole('link', { name: 'Overview', exact: true }).click();
  await rowOf(page, 'items').getByText('100 %').waitFor();
  await rowOf(page, 'items').getByText('published').waitFor();
  await rowOf(page, 'items').getByRole('link').first().click();
  await page.getByText('verified').first().waitFor();
  expect(await isNotReloaded(page)).toBe(true);
  expect(complaints).toEqual([]);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  const actions = (await (await fetch(`${url}/api/actions`)).json()) as { actions: object[] };
  expect(actions.actions[0]).toMatchObject({ actor: 'local', action: 'retry', outcome: 'done' });
  await page.close();
});

test('Bull Board’s retry gives a page fresh attempts, and its removals are refused with the reason', async ({
  world,
  fleetRedis,
}) => {
  const items = await world.items('items', 300);
  const source = await world.serve({
    tables: { items: { batch_size: 100 } },
    connection: { max_retries: 1 },
  });
  const refusal = source.refuse(isQuery(100), 503, 'not now');
  await world.worker();
  world.producer('run');
  const { url, page, complaints } = await openDashboard(world);
  await expect.poll(() => fleetRedis.queues.page.getJobCountByTypes('failed'), { timeout: 60_000 }).toBe(1);
  const [failed] = await fleetRedis.queues.page.getFailed();
  expect(failed).toMatchObject({ attemptsMade: 2 });
  const run = await world.lake.openRun('items');

  const jobUrl = `${url}/queues/queue/offload-page/${encodeURIComponent(failed?.id ?? '')}`;
  await page.goto(jobUrl);
  await page.getByText('SOURCE_UNAVAILABLE').first().waitFor();
  // The job’s buttons have pictures only: retry, duplicate, change, remove.
  const buttons = page.getByRole('link', { name: 'Run', exact: true }).locator('xpath=following::button');
  const removal = page.waitForResponse((response) => response.request().method() === 'PUT');
  await buttons.nth(3).click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  expect((await removal).status()).toBe(403);
  await page.getByText('a deleted page would let it go on without').waitFor();
  expect(await fleetRedis.queues.page.getJobCountByTypes('failed')).toBe(1);

  // One more failure uses up one of two fresh attempts, not the last of the old ones.
  await page.goto(jobUrl); // the board takes it for removed
  const retry = page.waitForResponse((response) => response.url().endsWith('/retry'));
  await buttons.nth(0).click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  expect((await retry).status()).toBe(204);
  await expect
    .poll(() => source.queries('items').filter(({ offset }) => offset === 100).length)
    .toBeGreaterThan(2);
  refusal.heal();
  expect(await world.lake.ended(run)).toMatchObject({ state: 'published', verified: true });
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  expect(complaints.filter((text) => !text.includes('403'))).toEqual([]);
  await page.close();
});

test('a killed worker shows as lost, and Redis that goes away and comes back is said and survived', async ({
  world,
}) => {
  const port = await startRedis(world, ['--appendonly', 'yes', '--appendfsync', 'always']);
  world.redisUrl = port;
  const items = await world.items('items', 2000);
  const source = await world.serve({ tables: { items: { batch_size: 100 } } });
  slowDown(source, 'items', 300);
  const { page } = await openDashboard(world);
  const doomed = await world.worker(['--concurrency', '1']);
  const workers = page.locator('#workers');
  await workers.getByText(`pid ${doomed.pid},`).waitFor();
  const killedAtMs = Date.now();
  await doomed.kill('SIGKILL');
  await workers.getByText('lost', { exact: true }).waitFor();
  expect(Date.now() - killedAtMs).toBeLessThan(15_000);

  await world.worker();
  const running = world.producer('run');
  await expect.poll(() => rowsShown(page, 'items'), { timeout: 30_000 }).toBeGreaterThan(0);
  const redis = world.programs.find(({ said }) => said.includes('Ready to accept connections'));
  await redis?.kill('SIGKILL');
  await page.getByText(/Redis has not answered for/).waitFor();
  await startRedis(world, ['--appendonly', 'yes', '--appendfsync', 'always'], Number(new URL(port).port));
  await page.getByText('live', { exact: true }).waitFor({ timeout: 30_000 });
  expect((await running.ended).code).toBe(0);
  await rowOf(page, 'items').getByText('published').waitFor();
  expect(await isNotReloaded(page)).toBe(true);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  await page.close();
});

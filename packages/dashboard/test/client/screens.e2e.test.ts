import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listen } from '../../src/listen.ts';
import { findBarriers, findOverflow, heapBytes, keepPicture, openPage, startBrowser } from './browser.ts';
import { runIdOf } from './fixture-fleet.ts';
import { createFixture, type Fixture, type FixtureOptions } from './fixture-server.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

async function serve(options: FixtureOptions): Promise<Fixture & { url: string }> {
  const fixture = createFixture(options);
  const server = await listen(fixture.app, '127.0.0.1', 0);
  onTestFinished(async () => {
    fixture.close();
    await server.close();
  });
  return { ...fixture, url: server.url };
}

async function openAt(url: string, path: string) {
  const { page, problems } = await openPage(browser, url);
  onTestFinished(() => page.context().close());
  await page.goto(url + path);
  return { page, problems };
}

/** `ready`: what is there once the page has its data. */
const PAGES = [
  { name: 'overview', path: '/', ready: '.data tbody tr' },
  { name: 'run-blocked', path: `/runs/${runIdOf('documents')}`, ready: '.grid .cell' },
  { name: 'run-large', path: `/runs/${runIdOf('chunks')}`, ready: '.grid .cell' },
  { name: 'run-page', path: `/runs/${runIdOf('documents')}?page=17`, ready: '.panel .facts' },
  { name: 'run-published', path: `/runs/${runIdOf('transcripts')}`, ready: '.verdict' },
  { name: 'run-planning', path: `/runs/${runIdOf('citations')}`, ready: '.empty' },
  { name: 'failures', path: '/failures', ready: '.group' },
  { name: 'failures-filtered', path: '/failures?code=SOURCE_REJECTED', ready: '.group' },
  { name: 'control', path: '/control', ready: '.data tbody tr' },
] as const;

const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = [
  ['wide', 1440],
  ['narrow', 390],
] as const;

/**
 * Keeps a picture of the page, and returns what is wrong with it. Dark and narrow has the colours of one and the layout of
 * another, which were looked at for barriers already: that takes seconds.
 */
async function look(page: Page, name: string): Promise<string[]> {
  await keepPicture(page, name);
  const barriers = name.endsWith('dark-narrow') ? [] : await findBarriers(page);
  const found = [...(await findOverflow(page)), ...barriers];
  return found.map((words) => `${name}: ${words}`);
}

describe.each(SCHEMES)('in %s colours', (colorScheme) => {
  describe.each(WIDTHS)('on a %s screen', (size, width) => {
    test('every page draws without an error, without scrolling sideways and without barriers', async () => {
      const { url } = await serve({ scenario: 'busy' });
      const { page, problems } = await openPage(browser, url, {
        colorScheme,
        viewport: { width, height: 900 },
      });
      onTestFinished(() => page.context().close());
      const found: string[] = [];
      for (const { name, path, ready } of PAGES) {
        await page.goto(url + path);
        await page.waitForSelector(ready);
        found.push(...(await look(page, `${name}-${colorScheme}-${size}`)));
      }
      await page.goto(`${url}/failures`);
      await page
        .getByRole('button', { name: 'Show the single failures of SOURCE_UNAVAILABLE in chunks' })
        .click();
      await page.waitForSelector('.job');
      await page.getByRole('button', { name: 'Retry all' }).click();
      await page.getByLabel('Staggered').check();
      found.push(...(await look(page, `dialog-${colorScheme}-${size}`)));
      expect([...problems, ...found]).toEqual([]);
    });

    test('a fleet that does nothing draws as soundly', async () => {
      const { url } = await serve({ scenario: 'empty' });
      const { page, problems } = await openPage(browser, url, {
        colorScheme,
        viewport: { width, height: 900 },
      });
      onTestFinished(() => page.context().close());
      const found: string[] = [];
      for (const [name, path, ready] of [
        ['overview', '/', '.figures'],
        ['failures', '/failures', '.all-clear'],
        ['control', '/control', '.limit'],
      ] as const) {
        await page.goto(url + path);
        await page.waitForSelector(ready);
        found.push(...(await look(page, `empty-${name}-${colorScheme}-${size}`)));
      }
      expect([...problems, ...found]).toEqual([]);
    });
  });
});

test('at 360 px nothing scrolls sideways', async () => {
  const { url } = await serve({ scenario: 'busy' });
  const { page } = await openPage(browser, url, { viewport: { width: 360, height: 740 } });
  onTestFinished(() => page.context().close());
  for (const { path, ready } of PAGES) {
    await page.goto(url + path);
    await page.waitForSelector(ready);
    expect.soft(await findOverflow(page), path).toEqual([]);
  }
});

test('figures move without the page being loaded again', async () => {
  const { url } = await serve({ scenario: 'busy', tickMs: 100 });
  const { page } = await openAt(url, '/');
  const value = page.locator('.figure .value').first();
  const before = await value.textContent();
  await expect.poll(() => value.textContent()).not.toBe(before);
  expect(await page.locator('.connection').textContent()).toBe('live');
});

test('a page that stays open holds on to nothing of what it showed before', async () => {
  const { url } = await serve({ scenario: 'busy', tickMs: 50 });
  const { page } = await openAt(url, '/');
  const value = page.locator('.figure .value').first();
  const seen = new Set<string | null>();
  const see = async (): Promise<number> => seen.add(await value.textContent()).size;
  const patience = { timeout: 60_000, interval: 10 };
  // By then everything is drawn and compiled that ever will be.
  await expect.poll(see, patience).toBeGreaterThan(30);
  const before = await heapBytes(page);
  await expect.poll(see, patience).toBeGreaterThan(130);
  // A tree of the page is 300 KB: were they kept, it would be 30 MB.
  expect((await heapBytes(page)) - before).toBeLessThan(5_000_000);
});

test('a link leads to a page without loading it, and the focus goes to its heading', async () => {
  const { url } = await serve({ scenario: 'busy' });
  const { page } = await openAt(url, '/');
  await page.evaluate(() => Object.assign(globalThis, { isSame: true }));
  await page
    .getByRole('navigation', { name: 'Screens', exact: true })
    .getByRole('link', { name: 'Failures' })
    .click();
  await page.waitForSelector('.group');
  expect(await page.title()).toBe('(134) Failures · lance-offload');
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Failures');
  await page.goBack();
  await page.waitForSelector('.figures');
  expect(await page.title()).toBe('(134) Overview · lance-offload');
  expect(await page.evaluate(() => 'isSame' in globalThis)).toBe(true);
});

test('the page grid is walked with the keyboard, down to a single page and back', async () => {
  const { url } = await serve({ scenario: 'busy' });
  const { page } = await openAt(url, `/runs/${runIdOf('chunks')}`);
  await page.locator('.grid .cell').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const label = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  expect(await label()).toMatch(/^Pages 200–299: /);
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.grid .cell').count()).toBe(100);
  await page.locator('.grid .cell').first().focus();
  await page.keyboard.press('End');
  expect(await label()).toBe('Page 299: done');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.panel .facts');
  expect(await page.locator('.panel h3').textContent()).toBe('Page 299');
  expect(page.url()).toContain('?from=200&to=299&page=299');
  await page.locator('.grid .cell[tabindex="0"]').focus();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.locator('.grid .cell').count()).toBe(1000);
});

test('a change asks first, brings the session’s token along, and says how it ended', async () => {
  const { url, asked } = await serve({ scenario: 'busy' });
  const { page } = await openAt(url, '/control');
  await page.getByRole('button', { name: 'Pause the fleet…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause the fleet' }).click();
  await page.waitForSelector('.toast.done');
  await page.waitForSelector('.banner');
  expect(asked).toEqual([
    { path: '/api/control/pause', token: 'token-of-the-session', body: { scope: 'fleet' } },
  ]);
});

test('a change that is refused says why, and what to do', async () => {
  const { url } = await serve({ scenario: 'busy' });
  const { page } = await openAt(url, `/runs/${runIdOf('documents')}`);
  await page.getByRole('button', { name: 'Cancel run…' }).click();
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  expect(await page.locator('.toast.failed p').textContent()).toBe('The run has ended. Start a new one.');
});

test('all that match a filter are retried, so many a second', async () => {
  const { url, asked } = await serve({ scenario: 'busy' });
  const { page } = await openAt(url, '/failures?table=chunks');
  await page.getByRole('button', { name: 'Retry all that match' }).click();
  await page.getByLabel('Staggered').check();
  await page.getByRole('spinbutton').fill('2');
  await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
  await page.waitForSelector('.toast.done');
  expect(asked[0]?.body).toEqual({ filter: { table: 'chunks' }, perSecond: 2 });
});

test('a viewer sees no button that changes anything', async () => {
  const { url } = await serve({ scenario: 'busy', role: 'viewer' });
  const { page } = await openAt(url, '/control');
  await page.waitForSelector('.limit');
  await keepPicture(page, 'viewer-control');
  const changes = page.getByRole('button', { name: /pause|resume|^set$|lift|retry|cancel|stop/i });
  expect(await changes.count()).toBe(0);
  for (const [path, ready] of [
    [`/runs/${runIdOf('documents')}`, '.grid .cell'],
    ['/failures', '.group'],
  ] as const) {
    await page.goto(url + path);
    await page.waitForSelector(ready);
    expect(await changes.count()).toBe(0);
  }
});

test('while Redis does not answer the data is shown as old, and comes back by itself', async () => {
  const fixture = await serve({ scenario: 'busy', tickMs: 200 });
  const { page } = await openAt(fixture.url, '/');
  await page.waitForSelector('.figures');
  fixture.setRedis('lost');
  await page.waitForSelector('main.stale');
  expect(await page.locator('.connection').textContent()).toMatch(
    /^Redis has not answered for \d+ s, data of/,
  );
  await keepPicture(page, 'redis-lost');
  fixture.setRedis('ok');
  await page.waitForSelector('main:not(.stale)');
});

test('a stream that falls silent is not live: the page says since when, and is live again with the next data', async () => {
  const fixture = await serve({ scenario: 'busy', tickMs: 200 });
  const { page } = await openPage(browser, fixture.url);
  onTestFinished(() => page.context().close());
  await page.clock.install();
  await page.goto(fixture.url);
  await page.waitForSelector('.connection.good');
  fixture.hush('overview');
  await page.clock.fastForward(11_000);
  await page.waitForSelector('main.stale');
  const words = page.locator('.connection');
  expect(await words.textContent()).toMatch(/^not live since \d\d:\d\d:\d\d, data of 1\d s ago$/);
  // The connection that is made anew answers, and says nothing either.
  await page.clock.fastForward(16_000);
  await expect.poll(() => words.textContent()).toMatch(/^not live since \d\d:\d\d:\d\d, data of \d\d s ago$/);
  expect(await page.locator('main.stale').count()).toBe(1);
  await keepPicture(page, 'silent');
  fixture.hush(null);
  await page.waitForSelector('main:not(.stale)');
  expect(await words.textContent()).toBe('live');
});

test('a page whose own stream falls silent is not live, though the overview’s goes on', async () => {
  const fixture = await serve({ scenario: 'busy', tickMs: 200 });
  const { page } = await openPage(browser, fixture.url);
  onTestFinished(() => page.context().close());
  await page.clock.install();
  await page.goto(`${fixture.url}/runs/${runIdOf('documents')}`);
  await page.waitForSelector('.connection.good');
  await page.waitForSelector('.grid .cell');
  fixture.hush('run');
  await page.clock.fastForward(16_000);
  await page.waitForSelector('main.stale');
  expect(await page.locator('.connection').textContent()).toMatch(/^reconnecting/);
  fixture.hush(null);
  await page.waitForSelector('main:not(.stale)');
});

test('after the server was restarted the page is live again by itself', async () => {
  const first = createFixture({ scenario: 'busy' });
  const server = await listen(first.app, '127.0.0.1', 0);
  const { page } = await openAt(server.url, '/');
  await page.waitForSelector('.figures');
  first.close();
  await server.close();
  await page.waitForSelector('.connection.warn');
  await keepPicture(page, 'reconnecting');
  const second = createFixture({ scenario: 'calm' });
  const restarted = await listen(second.app, '127.0.0.1', Number(new URL(server.url).port));
  onTestFinished(async () => {
    second.close();
    await restarted.close();
  });
  await page.waitForSelector('.connection.good');
  await page.waitForSelector('.attention .fine');
  expect(await page.locator('main.stale').count()).toBe(0);
});

test('the colours that were chosen are kept', async () => {
  const { url } = await serve({ scenario: 'calm' });
  const { page } = await openAt(url, '/');
  await page.getByRole('button', { name: /^Colours/ }).click();
  await page.getByRole('button', { name: /^Colours: light/ }).click();
  await page.reload();
  await page.waitForSelector('.figures');
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
  await keepPicture(page, 'calm-dark');
});

test('an address without a page says so', async () => {
  const { url } = await serve({ scenario: 'calm' });
  const { page: lost } = await openAt(url, '/nowhere');
  await expect.poll(() => lost.locator('h1').textContent()).toBe('Nothing here');
  const { page } = await openAt(url, '/runs/unknown');
  await expect.poll(() => page.locator('h1').textContent()).toBe('No such run');
  await keepPicture(page, 'run-unknown');
});

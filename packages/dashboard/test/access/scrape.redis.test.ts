import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import express from 'express';
import { expect, test as base } from 'vitest';
import { createAccess } from '../../src/access/access.ts';
import type { DashboardDeps } from '../../src/dashboard-deps.ts';
import { listen } from '../../src/listen.ts';
import { Browser } from '../browser.ts';
import { dashboardFixtures, depsOf, type DashboardFixtures } from '../fixtures.ts';
import { METRICS_TOKEN, NO_USERS, PASSWORD, settingsWithUsers } from '../users.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

/** An app with figures to scrape and a stream that never ends, behind the guards. */
async function serveGuarded(deps: DashboardDeps): Promise<{ url: string; close: () => Promise<void> }> {
  const access = createAccess(deps);
  const app = express();
  app.get('/metrics', access.allowScrape, (_request, response) => response.send('pages 1'));
  app.use(access.open, access.closed);
  app.get('/stream', (_request, response) => {
    response.write('data: 1\n\n');
  });
  return listen(app, '127.0.0.1', 0);
}

test('figures are for who has the token or a session', async ({ fleet }) => {
  const settings = await settingsWithUsers();
  const server = await serveGuarded({ ...depsOf(fleet), settings });
  const scrape = async (authorization: string) => {
    const { status, headers } = await new Browser(server.url).request('GET', '/metrics', { authorization });
    return [status, headers['www-authenticate']];
  };
  expect(await scrape(`Bearer ${METRICS_TOKEN}`)).toEqual([200, undefined]);
  for (const wrong of ['', 'Bearer', 'Bearer ', `Bearer ${METRICS_TOKEN}x`, `Basic ${METRICS_TOKEN}`]) {
    expect(await scrape(wrong)).toEqual([401, 'Bearer']);
  }
  const browser = new Browser(server.url);
  await browser.logIn('vera', PASSWORD);
  expect((await browser.request('GET', '/metrics')).status).toBe(200);
  await server.close();
});

test('without users figures are open; without a token in the configuration none is taken', async ({
  fleet,
}) => {
  const open = await serveGuarded(depsOf(fleet));
  expect((await new Browser(open.url).request('GET', '/metrics')).status).toBe(200);
  await open.close();
  const { users } = await settingsWithUsers();
  const server = await serveGuarded({ ...depsOf(fleet), settings: { ...NO_USERS, users } });
  const authorization = 'Bearer undefined';
  expect((await new Browser(server.url).request('GET', '/metrics', { authorization })).status).toBe(401);
  await server.close();
});

test('the token needs no Redis; a session does, and is told so', async ({ fleet }) => {
  const redis = fleet.redis.duplicate();
  await once(redis, 'ready');
  redis.disconnect();
  await once(redis, 'end');
  const server = await serveGuarded({ ...depsOf(fleet), redis, settings: await settingsWithUsers() });
  const authorization = `Bearer ${METRICS_TOKEN}`;
  expect((await new Browser(server.url).request('GET', '/metrics', { authorization })).status).toBe(200);
  expect((await new Browser(server.url).request('GET', '/metrics')).status).toBe(503);
  await server.close();
});

test('a stream is cut off when the session it was opened with ends', async ({ fleet }) => {
  const settings = await settingsWithUsers();
  const server = await serveGuarded({ ...depsOf(fleet), settings, recheckMs: 10 });
  const browser = new Browser(server.url);
  await browser.logIn('vera', PASSWORD);
  const cookie = `lance_session=${browser.cookies.get('lance_session')?.value}`;
  const [stream]: IncomingMessage[] = await once(
    get(`${server.url}/stream`, { headers: { cookie }, agent: false }),
    'response',
  );
  if (!stream) throw new Error('no stream');
  await once(stream, 'data');
  const cut = once(stream, 'error');
  await browser.send('/logout', {}).catch(() => undefined); // at this pace its own answer may be cut off as well
  expect(await cut).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  await server.close();
});

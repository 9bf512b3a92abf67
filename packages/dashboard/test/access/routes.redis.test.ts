import { PAGE_QUEUE } from '@lance-offload/fleet';
import type { DashboardSettings } from '@lance-offload/base';
import express, { Router } from 'express';
import { beforeAll, expect, test as base } from 'vitest';
import { createApp } from '../../src/app.ts';
import { Browser, openBrowser } from '../browser.ts';
import { dashboardFixtures, depsOf, type DashboardFixtures, type FleetLink } from '../fixtures.ts';
import { listRoutes, type ListedRoute } from '../list-routes.ts';
import { PASSWORD, settingsWithUsers } from '../users.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

/** What anybody may ask for. All else is for those who have logged in; a route that is added is no exception. */
const OPEN = ['GET /healthz', 'GET /readyz', 'GET /login', 'GET /login.css', 'POST /login'];

/** What machines ask for, with a token: a browser is not led to the login from there. */
const SCRAPED = new Set(['GET /metrics']);

/** Changes that concern a viewer’s own session only. */
const ANY_ROLE = ['POST /logout'];

let settings: DashboardSettings;
beforeAll(async () => {
  settings = await settingsWithUsers();
});

const show = ({ method, path }: ListedRoute): string => `${method} ${path}`;
const isChange = ({ method }: ListedRoute): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(method);

function guardedRoutes(fleet: FleetLink, of: DashboardSettings = settings): ListedRoute[] {
  const routes = listRoutes(createApp({ ...depsOf(fleet), settings: of }));
  return routes.filter((route) => !OPEN.includes(show(route)));
}

/** A path that the route takes, of a job that is there. */
function pathOf({ path }: ListedRoute, jobId: string): string {
  return path
    .replace(':queueName', PAGE_QUEUE)
    .replace(':jobId', jobId)
    .replaceAll(/[:*]\w+/g, 'failed')
    .replaceAll(/[{}]/g, '');
}

type Attempt = (route: ListedRoute, path: string) => Promise<{ status: number; body: string }>;

/** The routes that do not answer as they should. */
async function exceptions(
  routes: readonly ListedRoute[],
  jobId: string,
  attempt: Attempt,
  status: number,
  message: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const route of routes) {
    const answer = await attempt(route, pathOf(route, jobId));
    if (answer.status !== status || !answer.body.includes(message)) {
      found.push(`${show(route)}: ${answer.status} ${answer.body.slice(0, 100)}`);
    }
  }
  return found;
}

async function loggedIn(url: string, name: string): Promise<Browser> {
  const browser = new Browser(url);
  expect((await browser.logIn(name, PASSWORD)).status).toBe(303);
  return browser;
}

test('the list has the routes of the dashboard, of its routers, and of Bull Board', ({ fleet }) => {
  const routes = listRoutes(createApp({ ...depsOf(fleet), settings })).map(show);
  expect(routes).toEqual(
    expect.arrayContaining([
      ...OPEN,
      ...ANY_ROLE,
      'GET /',
      'GET /api/session',
      'GET /queues',
      'GET /queues/static/*file',
      'GET /queues/api/queues',
      'PUT /queues/api/queues/:queueName/:jobId/retry',
      'POST /queues/api/queues/:queueName/add',
      'PATCH /queues/api/queues/:queueName/:jobId/update-data',
    ]),
  );
});

test('an app that would hide its routes from the list is an error', () => {
  const inner = express().get('/hidden', (_request, response) => response.end());
  expect(() => listRoutes(express().use('/inner', inner))).toThrow('hides its routes');
  expect(listRoutes(express().use('/inner', Router().use(inner)))).toEqual([
    { method: 'GET', path: '/inner/hidden' },
  ]);
});

test('without a login every route answers 401, and leads a browser to the login where it wants a page', async ({
  fleet,
  serve,
}) => {
  const id = await fleet.failPage();
  const url = await serve({ settings });
  const stranger = await openBrowser(url);
  const routes = guardedRoutes(fleet);
  const ask: Attempt = ({ method }, path) => stranger.change(method, path);
  expect(await exceptions(routes, id, ask, 401, 'og in at /login')).toEqual([]);

  const page = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate' };
  const navigate: Attempt = async (_route, path) => {
    const { status, headers } = await stranger.request('GET', path, page);
    return { status, body: headers.location === `/login?next=${encodeURIComponent(path)}` ? 'led' : '' };
  };
  const pages = routes.filter((route) => !isChange(route) && !SCRAPED.has(show(route)));
  expect(await exceptions(pages, id, navigate, 302, 'led')).toEqual([]);
  const submit: Attempt = ({ method }, path) => stranger.change(method, path, {}, page);
  expect(await exceptions(routes.filter(isChange), id, submit, 401, 'og in at /login')).toEqual([]);
});

test('with a session that has ended every route answers 401', async ({ fleet, serve }) => {
  const id = await fleet.failPage();
  const browser = await loggedIn(await serve({ settings }), 'olga');
  const sessions = await fleet.redis.keys(`${fleet.prefix}:session:*`);
  expect(sessions).toHaveLength(1);
  await fleet.redis.del(sessions);
  const ask: Attempt = ({ method }, path) => browser.change(method, path);
  expect(await exceptions(guardedRoutes(fleet), id, ask, 401, 'og in at /login')).toEqual([]);
});

test('every change that a viewer asks for is refused, and nothing is changed', async ({ fleet, serve }) => {
  const id = await fleet.failPage();
  const browser = await loggedIn(await serve({ settings }), 'vera');
  const changes = guardedRoutes(fleet).filter((route) => isChange(route) && !ANY_ROLE.includes(show(route)));
  expect(changes.length).toBeGreaterThan(10);
  const ask: Attempt = ({ method }, path) => browser.change(method, path);
  expect(await exceptions(changes, id, ask, 403, 'vera is a viewer')).toEqual([]);
  expect(await fleet.queues.page.isPaused()).toBe(false);
  expect(await fleet.queues.page.getJobCountByTypes('failed')).toBe(1);
});

test('with --read-only an operator is a viewer too', async ({ fleet, serve }) => {
  const id = await fleet.failPage();
  const browser = await loggedIn(await serve({ settings, readOnly: true }), 'olga');
  const changes = guardedRoutes(fleet).filter((route) => isChange(route) && !ANY_ROLE.includes(show(route)));
  const ask: Attempt = ({ method }, path) => browser.change(method, path);
  expect(await exceptions(changes, id, ask, 403, '--read-only')).toEqual([]);
  const { body } = await browser.request('GET', '/api/session');
  expect(JSON.parse(body)).toMatchObject({ user: 'olga', role: 'viewer' });
});

for (const mode of ['with users', 'without users'] as const) {
  const open = (url: string) => (mode === 'with users' ? loggedIn(url, 'olga') : openBrowser(url));
  const users = (): DashboardSettings => (mode === 'with users' ? settings : { ...settings, users: [] });

  test(`${mode}, every change that a browser sends for another site is refused`, async ({ fleet, serve }) => {
    const id = await fleet.failPage();
    const browser = await open(await serve({ settings: users() }));
    const changes = guardedRoutes(fleet, users()).filter(isChange);
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
    ]) {
      const ask: Attempt = ({ method }, path) => browser.change(method, path, {}, { ...headers });
      expect(await exceptions(changes, id, ask, 403, 'from another site')).toEqual([]);
    }
  });

  test(`${mode}, every change with no token, or with one of another, is refused`, async ({
    fleet,
    serve,
  }) => {
    const id = await fleet.failPage();
    const url = await serve({ settings: users() });
    const [browser, other] = [await open(url), await open(url)];
    expect(other.token).not.toBe(browser.token);
    const changes = guardedRoutes(fleet, users()).filter(isChange);
    for (const token of ['', 'forged', 'undefined', other.token, browser.token.slice(1)]) {
      const ask: Attempt = ({ method }, path) => browser.change(method, path, {}, { 'x-xsrf-token': token });
      expect(await exceptions(changes, id, ask, 403, 'lacks the header X-XSRF-TOKEN')).toEqual([]);
    }
    const bare: Attempt = ({ method }, path) => browser.request(method, path);
    expect(await exceptions(changes, id, bare, 403, 'lacks the header X-XSRF-TOKEN')).toEqual([]);
    expect(await fleet.queues.page.getJobCountByTypes('failed')).toBe(1);
    expect((await browser.change('PUT', `/queues/api/queues/${PAGE_QUEUE}/pause`)).status).toBe(200);
  });
}

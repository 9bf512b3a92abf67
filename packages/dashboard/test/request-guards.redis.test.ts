import { PAGE_QUEUE } from '@lance-offload/fleet';
import { expect, test as base } from 'vitest';
import { dashboardFixtures, type DashboardFixtures } from './fixtures.ts';
import { requestWith } from './request-with.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

const PAUSE = `/queues/api/queues/${PAGE_QUEUE}/pause`;
const ADD = `/queues/api/queues/${PAGE_QUEUE}/add`;

test.for([
  ['PUT', PAUSE, { 'sec-fetch-site': 'cross-site' }],
  ['PUT', PAUSE, { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:8080' }],
  ['PUT', PAUSE, { origin: 'https://elsewhere.example' }],
  ['PUT', PAUSE, { origin: 'null' }],
  ['POST', ADD, { origin: 'https://elsewhere.example', 'content-type': 'text/plain' }],
] as const)(
  'a %s of %s with %o comes from another site and is refused',
  async ([method, path, headers], { fleet, browser }) => {
    const answer = await browser.change(method, path, {}, headers);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body).message).toContain('from another site');
    expect(await fleet.queues.page.isPaused()).toBe(false);
  },
);

test.for([
  ['the board itself', (url: string) => ({ 'sec-fetch-site': 'same-origin', origin: url })],
  ['the board, in a browser that says only where from', (url: string) => ({ origin: url })],
] as const)('a change from %s is taken', async ([, headers], { fleet, url, browser }) => {
  expect((await browser.change('PUT', PAUSE, {}, headers(url))).status).toBe(200);
  expect(await fleet.queues.page.isPaused()).toBe(true);
});

test('a page of another site may lead here, and reads nothing', async ({ browser }) => {
  const from = async (site: string, mode: string) => {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode };
    return (await browser.request('GET', '/queues/api/queues', headers)).status;
  };
  for (const site of ['cross-site', 'same-site']) {
    for (const mode of ['no-cors', 'cors']) expect(await from(site, mode)).toBe(403);
    expect(await from(site, 'navigate')).toBe(200);
  }
  expect(await from('same-origin', 'cors')).toBe(200);
  const { status } = await browser.request('GET', '/queues/api/queues', {
    origin: 'https://elsewhere.example',
  });
  expect(status).toBe(403);
});

test.for([
  ['a path that is no text', 'GET', '/queues/queue/%E0%A4%A', ''],
  ['a body that is no JSON', 'PUT', PAUSE, '{'],
] as const)('%s is answered without a stack', async ([, method, path, body], { browser }) => {
  const headers = { 'content-type': 'application/json', 'x-xsrf-token': browser.token };
  const answer = await browser.request(method, path, headers, body);
  expect(answer.status).toBe(400);
  expect(answer.body).not.toContain('node_modules');
});

test('a request under a name that is not the dashboard’s own is refused, as after DNS rebinding', async ({
  serve,
}) => {
  const url = await serve({ allowedHosts: ['Board.internal'] });
  const { port } = new URL(url);
  const under = async (host: string) =>
    (await requestWith('GET', `${url}/queues/api/queues`, { host })).status;
  for (const host of [`rebound.example:${port}`, 'localhost.example', '127.0.0.1.example']) {
    expect(await under(host)).toBe(403);
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'board.internal']) {
    expect(await under(host)).toBe(200);
  }
});

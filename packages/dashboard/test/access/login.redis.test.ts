import { readInterventions } from '@lance-offload/fleet';
import type { DashboardSettings } from '@lance-offload/base';
import { beforeAll, expect, test as base } from 'vitest';
import { LIMITS } from '../../src/access/login-limits.ts';
import { isPassword } from '../../src/access/passwords.ts';
import { Browser } from '../browser.ts';
import { dashboardFixtures, type DashboardFixtures, type FleetLink } from '../fixtures.ts';
import { PASSWORD, settingsWithUsers } from '../users.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

let settings: DashboardSettings;
beforeAll(async () => {
  settings = await settingsWithUsers();
});

const whoAmI = (browser: Browser) => browser.request('GET', '/api/session');

async function onlySession({ redis, prefix }: FleetLink): Promise<string> {
  const [key = '', ...more] = await redis.keys(`${prefix}:session:*`);
  expect(more).toEqual([]);
  return key;
}

test('a login leads to the page that was asked for, and says who it is', async ({ serve }) => {
  const browser = new Browser(await serve({ settings }));
  const asked = await browser.request('GET', '/queues/queue/offload-page?status=failed', {
    accept: 'text/html',
  });
  const page = await browser.request('GET', String(asked.headers.location));
  const [, next = ''] = /name="next" value="([^"]*)"/.exec(page.body) ?? [];
  expect(next).toBe('/queues/queue/offload-page?status=failed');
  const answer = await browser.send('/login', { name: 'Olga', password: PASSWORD, next });
  expect([answer.status, answer.headers.location]).toEqual([303, next]);
  expect(JSON.parse((await whoAmI(browser)).body)).toEqual({
    user: 'olga',
    role: 'operator',
    canLogOut: true,
  });
  expect((await browser.request('GET', `/login?next=${encodeURIComponent(next)}`)).headers.location).toBe(
    next,
  );
});

test('cookies are for this site only, the session’s not for scripts, and Secure behind https', async ({
  serve,
}) => {
  const plain = new Browser(await serve({ settings }));
  await plain.logIn('olga', PASSWORD);
  expect([...plain.cookies.values()]).toEqual([
    { name: 'lance_browser', value: expect.any(String), path: '/', httpOnly: true, sameSite: 'strict' },
    { name: 'XSRF-TOKEN', value: expect.any(String), path: '/', sameSite: 'strict' },
    {
      name: 'lance_session',
      value: expect.any(String),
      path: '/',
      httpOnly: true,
      sameSite: 'strict',
      maxAge: 12 * 3600,
    },
  ]);

  const https = { 'x-forwarded-proto': 'https' };
  for (const trustProxy of [true, false]) {
    const browser = new Browser(await serve({ settings, trustProxy }));
    const { headers } = await browser.request('GET', '/login', https);
    await browser.send('/login', { name: 'olga', password: PASSWORD }, https);
    const cookies = [...browser.cookies.values()];
    expect(cookies.map(({ secure = false }) => secure)).toEqual([trustProxy, trustProxy, trustProxy]);
    expect(browser.cookies.has('__Host-lance_session')).toBe(trustProxy);
    expect(headers['strict-transport-security']).toBe(trustProxy ? 'max-age=31536000' : undefined);
  }
});

test('pages may not be kept, framed, or load anything from elsewhere', async ({ serve }) => {
  const browser = new Browser(await serve({ settings }));
  const { headers } = await browser.request('GET', '/login');
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';" +
      "form-action 'self';base-uri 'none';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  });
  await browser.logIn('vera', PASSWORD);
  expect((await whoAmI(browser)).headers['cache-control']).toBe('no-store');
  const board = await browser.request('GET', '/queues', { accept: 'text/html' });
  expect(board.body).not.toContain('https://fonts');
  const [, script] = /src="(static\/js\/main\.[^"]+)"/.exec(board.body) ?? [];
  const kept = (await browser.request('GET', `/queues/${script}`)).headers['cache-control'];
  expect(kept).toBe('public, max-age=31536000, immutable');
});

test('a wrong password and an unknown name get the same answer, and the form keeps the name', async ({
  serve,
}) => {
  const browser = new Browser(await serve({ settings }));
  const wrong = await browser.logIn('olga', `${PASSWORD}!`);
  const unknown = await browser.logIn('<b>"nobody"', PASSWORD);
  for (const { status, body } of [wrong, unknown]) {
    expect(status).toBe(401);
    expect(body).toContain('role="alert">User name or password is wrong.</p>');
    expect(body).not.toContain(PASSWORD);
  }
  expect(wrong.body).toContain('value="olga"');
  expect(unknown.body).toContain('value="&lt;b&gt;&quot;nobody&quot;"');
  expect((await whoAmI(browser)).status).toBe(401);
});

test('a login form without its token, or sent for another site, logs nobody in', async ({ serve }) => {
  const browser = new Browser(await serve({ settings }));
  await browser.request('GET', '/login');
  const fields = { name: 'olga', password: PASSWORD };
  for (const token of ['', 'forged', 'undefined']) {
    const answer = await browser.send('/login', { ...fields, _csrf: token });
    expect([answer.status, answer.body]).toEqual([403, expect.stringContaining('This page was too old')]);
  }
  const foreign = await browser.send('/login', fields, { origin: 'https://elsewhere.example' });
  expect(foreign.status).toBe(403);
  expect(browser.cookies.has('lance_session')).toBe(false);
});

test('a login makes a new session and ends the one before; a logout ends it', async ({ fleet, serve }) => {
  const browser = new Browser(await serve({ settings }));
  await browser.logIn('vera', PASSWORD);
  const [first, token] = [browser.cookies.get('lance_session'), browser.token];
  await browser.request('GET', '/logout'); // the login page would lead on
  await browser.send('/login', { name: 'olga', password: PASSWORD });
  expect(browser.cookies.get('lance_session')?.value).not.toBe(first?.value);
  expect(browser.token).not.toBe(token);
  await onlySession(fleet);

  const copied = new Browser(await serve({ settings }));
  for (const [name, cookie] of browser.cookies) copied.cookies.set(name, cookie);
  expect((await whoAmI(copied)).status).toBe(200);
  const out = await browser.send('/logout', {});
  expect([out.status, out.headers.location]).toEqual([303, '/login']);
  expect(browser.cookies.has('lance_session')).toBe(false);
  expect((await whoAmI(copied)).status).toBe(401);
  expect(await fleet.redis.keys(`${fleet.prefix}:session:*`)).toEqual([]);
});

test('a session outlasts the dashboard, and Redis holds neither its id nor the password', async ({
  fleet,
  serve,
}) => {
  const browser = new Browser(await serve({ settings }));
  await browser.logIn('olga', PASSWORD);
  const other = new Browser(await serve({ settings }));
  for (const [name, cookie] of browser.cookies) other.cookies.set(name, cookie);
  expect((await other.change('PUT', '/queues/api/queues/offload-page/pause')).status).toBe(200);

  const key = await onlySession(fleet);
  const record = `${key} ${await fleet.redis.get(key)}`;
  const secrets = [browser.cookies.get('lance_session')?.value, PASSWORD, settings.users[1]?.password_hash];
  for (const secret of secrets) expect(record).not.toContain(secret);
});

test('a session ends after its hours although it is used, and earlier where it is not', async ({
  fleet,
  serve,
}) => {
  const browser = new Browser(await serve({ settings }));
  await browser.logIn('olga', PASSWORD);
  const key = await onlySession(fleet);
  const hourMs = 3_600_000;
  expect(await fleet.redis.pttl(key)).toBeLessThanOrEqual(2 * hourMs);

  await fleet.redis.pexpire(key, hourMs);
  expect((await whoAmI(browser)).status).toBe(200);
  expect(await fleet.redis.pttl(key)).toBeGreaterThan(1.9 * hourMs); // used, and so it goes on

  const record: { loggedInAtMs: number } = JSON.parse((await fleet.redis.get(key)) ?? '');
  const earlier = { ...record, loggedInAtMs: Date.now() - 12 * hourMs };
  await fleet.redis.set(key, JSON.stringify(earlier), 'KEEPTTL');
  expect((await whoAmI(browser)).status).toBe(401);
  expect(await fleet.redis.exists(key)).toBe(0);
});

test('a user who is taken out, or whose password is changed, is logged in no more', async ({ serve }) => {
  const browser = new Browser(await serve({ settings }));
  await browser.logIn('olga', PASSWORD);
  const { users } = await settingsWithUsers(); // the same names and password, under other hashes
  const without = settings.users.filter(({ name }) => name !== 'olga');
  for (const changed of [users, without]) {
    const other = new Browser(await serve({ settings: { ...settings, users: changed } }));
    await browser.logIn('olga', PASSWORD);
    for (const [name, cookie] of browser.cookies) other.cookies.set(name, cookie);
    expect((await whoAmI(other)).status).toBe(401);
  }
});

test('an address with too many failed logins waits, the right password or not', async ({ serve }) => {
  const browser = new Browser(await serve({ settings }));
  for (let count = 0; count < LIMITS.address; count += 1) {
    expect((await browser.logIn(`user${count}`, 'a guess of theirs')).status).toBe(401);
  }
  const { status, headers, body } = await browser.logIn('olga', PASSWORD);
  expect(status).toBe(429);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(headers['retry-after'])).toBeLessThanOrEqual(900);
  expect(body).toContain('Too many logins have failed. Please try again in 15 minutes.');
});

test('a user’s name with too many failed logins waits, from whatever address; others do not', async ({
  serve,
}) => {
  const browser = new Browser(await serve({ settings, trustProxy: true }));
  await browser.request('GET', '/login');
  const from = (address: number, name: string, password: string) =>
    browser.send('/login', { name, password }, { 'x-forwarded-for': `192.0.2.${address}` });
  for (let count = 0; count < LIMITS.name; count += 1) {
    expect((await from(count, 'olga', 'a guess of theirs')).status).toBe(401);
  }
  expect((await from(100, 'OLGA', PASSWORD)).status).toBe(429);
  expect((await from(101, 'vera', PASSWORD)).status).toBe(303);
});

test('who logs in while a crowd does is asked to come again, and then let in', async ({ serve }) => {
  const browser = new Browser(await serve({ settings }));
  const hash = settings.users[0]?.password_hash ?? '';
  const over = new AbortController();
  const crowd = Array.from({ length: 20 }, async () => {
    while (!over.signal.aborted) await isPassword('a guess of theirs', hash);
  });
  const busy = await browser.logIn('olga', PASSWORD);
  over.abort();
  await Promise.all(crowd);
  expect([busy.status, busy.headers['retry-after']]).toEqual([503, '10']);
  expect(busy.body).toContain('Too many log in right now.');
  expect((await browser.logIn('olga', PASSWORD)).status).toBe(303);
});

test('logins that succeed are not counted', async ({ serve }) => {
  const url = await serve({ settings });
  for (let count = 0; count < LIMITS.address + 2; count += 1) {
    expect((await new Browser(url).logIn('olga', PASSWORD)).status).toBe(303);
  }
});

test('logins, failed logins and logouts are logged; of an unknown name only its beginning', async ({
  fleet,
  serve,
}) => {
  const browser = new Browser(await serve({ settings }));
  await browser.logIn('vera', 'a wrong password');
  await browser.logIn('password typed as name', 'x');
  await browser.logIn('vera', PASSWORD);
  await browser.send('/logout', {});
  const interventions = await readInterventions(fleet, 10);
  expect(interventions.map(({ actor, action, outcome }) => [actor, action, outcome])).toEqual([
    ['vera', 'logout', 'done'],
    ['vera', 'login', 'done'],
    ['pa…', 'login', 'refused'],
    ['vera', 'login', 'refused'],
  ]);
});

test('a link from another site comes once more from here, with its cookies', async ({ serve }) => {
  const browser = new Browser(await serve({ settings }));
  const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  const { body, headers } = await browser.request('GET', '/login?next=%2Fqueues', foreign);
  expect(body).toContain('http-equiv="refresh" content="0; url=/login?next=%2Fqueues"');
  expect(headers['set-cookie']).toBeUndefined();
});

test('without users there is no login, and the visitor is the local operator', async ({ browser }) => {
  expect(JSON.parse((await whoAmI(browser)).body)).toMatchObject({
    user: 'local',
    role: 'operator',
    canLogOut: false,
  });
  expect((await browser.request('GET', '/login')).status).toBe(404);
});

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readInterventions } from '@lance-offload/fleet';
import { source as axeScript } from 'axe-core';
import { type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { complaintsOf, launchChromium } from '../src/chromium.ts';
import { test } from '../src/fixtures.ts';
import { BINS } from '../src/programs.ts';
import type { World } from '../src/world.ts';

const PASSWORD = 'correct horse battery staple';

let browser: Browser;
let passwordHash: string;
beforeAll(async () => {
  browser = await launchChromium();
  passwordHash = execFileSync(process.execPath, [BINS.dashboard, 'hash-password'], {
    input: PASSWORD,
    encoding: 'utf8',
  }).trim();
});
afterAll(() => browser.close());

/** A viewer `vera` and an operator `olga`. */
const users = () => [
  { name: 'vera', role: 'viewer', password_hash: passwordHash },
  { name: 'olga', role: 'operator', password_hash: passwordHash },
];

async function dashboard(world: World): Promise<string> {
  const program = world.start(BINS.dashboard, ['--port', '0']);
  const [, url = ''] = await program.says(/listening on (http:\S+)/);
  return url;
}

async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function logOut(page: Page): Promise<void> {
  await page.locator('header button[aria-haspopup=menu]').click();
  await page.getByText('Log out').click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Password').waitFor();
}

test('an operator logs in, lands where they wanted to, retries a page on the board, and logs out', async ({
  world,
  fleetRedis,
}) => {
  await world.items('items', 200);
  const source = await world.serve({
    tables: { items: { batch_size: 100 } },
    connection: { max_retries: 0 },
    dashboard: { users: users() },
  });
  const refusal = source.refuse(
    ({ operation, offset }) => operation === 'query' && offset === 100,
    400,
    'not now',
  );
  await world.worker();
  await world.offload('run');
  refusal.heal();
  const { runId } = await world.lake.openRun('items');
  const url = await dashboard(world);

  const page = await browser.newPage();
  const complaints = complaintsOf(page);
  await page.goto(`${url}/queues/queue/offload-page?status=failed`);
  await logIn(page, 'olga', `${PASSWORD}!`);
  await page.getByRole('alert').getByText('User name or password is wrong.').waitFor();
  expect(complaints.splice(0)).toEqual([expect.stringContaining('401 (Unauthorized)')]);

  await logIn(page, 'olga', PASSWORD);
  await page.waitForURL(`${url}/queues/queue/offload-page?status=failed`);
  await page.getByText(`${runId}.page-000001`).first().waitFor();
  await page.getByRole('button', { name: 'Retry all' }).click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await world.lake.ended({ destination: 'items', runId });

  for (const path of ['', '/job-schedulers', `/queue/offload-commit/${runId}.commit`]) {
    await page.goto(`${url}/queues${path}`, { waitUntil: 'networkidle' });
  }
  await logOut(page);
  expect(complaints).toEqual([]);
  await page.goto(`${url}/queues`);
  expect(page.url()).toBe(`${url}/login?next=%2Fqueues`);
  const actions = await readInterventions({ redis: fleetRedis.redis, prefix: world.prefix }, 10);
  expect(actions.map(({ actor, action, target, outcome }) => [actor, action, target, outcome])).toEqual([
    ['olga', 'logout', '', 'done'],
    ['olga', 'PUT /api/queues/:queueName/retry/:queueStatus', 'offload-page', 'done'],
    ['olga', 'login', '', 'done'],
    ['olga', 'login', '', 'refused'],
  ]);
  await page.close();
});

test('a viewer sees the board without its buttons, in a browser of any size and colour', async ({
  world,
}) => {
  await world.configure('http://127.0.0.1:1', { dashboard: { users: users() } });
  const url = await dashboard(world);
  const context = await browser.newContext({
    viewport: { width: 360, height: 640 },
    colorScheme: 'dark',
    javaScriptEnabled: false,
  });
  const phone = await context.newPage();
  await phone.goto(`${url}/queues`);
  await expect.poll(() => phone.evaluate('document.activeElement.id')).toBe('name'); // the browser’s own time, after the load
  expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(360);
  await logIn(phone, 'vera', PASSWORD);
  await phone.waitForURL(`${url}/queues`);
  await context.close();

  const page = await browser.newPage();
  const complaints = complaintsOf(page);
  await page.goto(`${url}/queues/queue/offload-page`);
  await logIn(page, 'vera', PASSWORD);
  await page.getByText('Fetches a page and stages it as Parquet').waitFor();
  const answer: { queues: { readOnlyMode: boolean }[] } = await page.evaluate(
    "fetch('/queues/api/queues').then((response) => response.json())",
  );
  expect(answer.queues.map(({ readOnlyMode }) => readOnlyMode)).toEqual([true, true, true, true]);
  expect(complaints).toEqual([]);
  await page.close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the login is accessible, in ${colorScheme} colours`, async ({ world }) => {
    await world.configure('http://127.0.0.1:1', { dashboard: { users: users() } });
    const url = await dashboard(world);
    const context = await browser.newContext({ colorScheme, bypassCSP: true }); // for axe’s script
    const page = await context.newPage();
    await page.goto(`${url}/login`);
    await logIn(page, 'vera', 'wrong password');
    await page.getByRole('alert').waitFor();
    await page.addScriptTag({ content: axeScript });
    const violations = await page.evaluate('axe.run().then((found) => found.violations)');
    expect(violations).toEqual([]);
    await context.close();
  });
}

test('who follows a link from another site to the dashboard is not asked to log in again', async ({
  world,
}) => {
  await world.configure('http://127.0.0.1:1', { dashboard: { users: users() } });
  const url = await dashboard(world);
  const page = await browser.newPage();
  await page.goto(`${url}/login`);
  await logIn(page, 'olga', PASSWORD);
  await page.waitForURL(`${url}/`);
  // `localhost` is another site than 127.0.0.1, and has another server than ours.
  const elsewhere = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end(`<a href="${url}/queues/queue/offload-plan">go</a>`);
  }).listen(0, 'localhost');
  await once(elsewhere, 'listening');
  const address = elsewhere.address();
  await page.goto(`http://localhost:${typeof address === 'object' && address ? address.port : 0}`);
  await page.getByText('go').click();
  await page.waitForURL(`${url}/queues/queue/offload-plan`);
  await page.getByText('Pins a table at a version').waitFor();
  await page.close();
  elsewhere.close();
});

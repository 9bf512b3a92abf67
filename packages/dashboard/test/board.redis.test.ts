import {
  COMMIT_QUEUE,
  commitJobId,
  PAGE_QUEUE,
  pageJobId,
  PLAN_QUEUE,
  SCHEDULE_QUEUE,
} from '@lance-offload/fleet';
import { expect, test as base } from 'vitest';
import { openBrowser } from './browser.ts';
import { dashboardFixtures, RUN, type DashboardFixtures } from './fixtures.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

const page = (index: number) => `${PAGE_QUEUE}/${pageJobId(RUN, index)}`;
const commit = `${COMMIT_QUEUE}/${commitJobId(RUN)}`;

test('the board shows the queues of the fleet, and a job under the name of its table and its page', async ({
  url,
}) => {
  const response = await fetch(`${url}/queues/api/queues?activeQueue=${PAGE_QUEUE}`);
  const { queues }: { queues: { name: string; jobs: { name: string }[] }[] } = await response.json();
  expect(queues.map(({ name }) => name)).toEqual([SCHEDULE_QUEUE, PLAN_QUEUE, PAGE_QUEUE, COMMIT_QUEUE]);
  expect(queues[2]?.jobs.map(({ name }) => name)).toEqual(['documents, page 1', 'documents, page 0']);
});

const SECRET = 'a row that must not be told';

test('a job shows what it is about and the words of its failure, and never the rows it failed on', async ({
  fleet,
  url,
}) => {
  const id = await fleet.failPage();
  const job = await fleet.queues.page.getJob(id);
  const words = { code: 'KEY_NULL', message: '[KEY_NULL] Rows have no key', hint: 'Give them one' };
  await job?.updateProgress({ failure: { ...words, details: { problems: [SECRET] }, atMs: 0 } });
  const board = `${url}/queues/api/queues`;

  const shown = await (await fetch(`${board}/${PAGE_QUEUE}/${id}`)).text();
  expect(JSON.parse(shown)).toMatchObject({
    job: {
      name: 'documents, page 0',
      data: { table: 'documents', run: RUN, page: 0, rows: 'rows 0 to 9' },
      progress: { ...words, failedAt: '1970-01-01T00:00:00.000Z' },
      externalUrl: { displayText: 'Run', href: `/runs/${RUN}` },
    },
  });
  const flow = await (await fetch(`${board}/${PAGE_QUEUE}/${id}/flow`)).text();
  expect(JSON.parse(flow)).toMatchObject({ isFlowNode: true, flowRoot: { id: commitJobId(RUN) } });
  expect(flow).toContain('Rows have no key');
  const listed = await (await fetch(`${board}?activeQueue=${PAGE_QUEUE}&status=failed`)).text();
  for (const text of [shown, flow, listed]) {
    expect(text).toContain(id);
    expect(text).not.toContain(SECRET);
  }
});

test('the board is a page that loads', async ({ url }) => {
  const response = await fetch(`${url}/queues`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(response.headers.get('x-frame-options')).toBe('DENY');
  expect(response.headers.get('x-powered-by')).toBeNull();
  const html = await response.text();
  const [, script] = /src="(static\/js\/main\.[^"]+)"/.exec(html) ?? [];
  expect((await fetch(`${url}/queues/${script}`)).status).toBe(200);
});

test('a failed page that is retried from the board starts its attempts anew', async ({ fleet, browser }) => {
  const id = await fleet.failPage();
  expect((await fleet.queues.page.getJob(id))?.attemptsMade).toBe(1);

  const answer = await browser.change('PUT', `/queues/api/queues/${PAGE_QUEUE}/${id}/retry`);
  expect(answer).toMatchObject({ status: 204, body: '' });
  const job = await fleet.queues.page.getJob(id);
  expect(await job?.getState()).toBe('waiting');
  expect(job).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
});

test('all failed pages that are retried at once start their attempts anew', async ({ fleet, browser }) => {
  const ids = [await fleet.failPage(), await fleet.failPage()];
  const answer = await browser.change('PUT', `/queues/api/queues/${PAGE_QUEUE}/retry/failed`);
  expect(JSON.parse(answer.body)).toEqual({ retried: 2, skipped: 0 });
  for (const id of ids) {
    const job = await fleet.queues.page.getJob(id);
    expect(await job?.getState()).toBe('waiting');
    expect(job).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
  }
});

test.for([
  ['PUT', `${page(0)}/clean`, `lance-offload cancel ${RUN}`],
  ['PUT', `${PAGE_QUEUE}/clean/failed`, 'lance-offload cancel RUN'],
  ['PUT', `${PAGE_QUEUE}/clean/wait`, 'lance-offload cancel RUN'],
  ['PUT', `${PAGE_QUEUE}/empty`, 'lance-offload cancel RUN'],
  ['PUT', `${PAGE_QUEUE}/obliterate`, 'lance-offload cancel RUN'],
  ['PUT', `${COMMIT_QUEUE}/obliterate`, 'lance-offload cancel RUN'],
  ['PUT', `${PLAN_QUEUE}/empty`, 'lance-offload cancel RUN'],
  ['PUT', `${commit}/remove-unprocessed-children`, `lance-offload cancel ${RUN}`],
  ['PUT', `${commit}/clean`, `lance-offload cancel ${RUN}`],
  ['PATCH', `${page(0)}/update-data`, 'a run follows its plan'],
  ['POST', `${PAGE_QUEUE}/add`, 'a run follows its plan'],
  ['PUT', `${PAGE_QUEUE}/retry/completed`, 'Only failed jobs are retried'],
] as const)(
  '%s %s is refused with the reason, and deletes nothing',
  async ([method, path, reason], { fleet, browser }) => {
    await fleet.failPage();
    await fleet.queues.page.pause(); // Bull Board obliterates paused queues only
    const body = { force: true, name: 'documents', data: {}, options: {}, jobData: {} };
    const before = await fleet.queues.page.getJobCounts();

    const answer = await browser.change(method, `/queues/api/queues/${path}`, body);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body).message).toContain(reason);
    expect(await fleet.queues.page.getJobCounts()).toEqual(before);
    expect(await fleet.queues.plan.getJobCountByTypes('waiting')).toBe(1);
    const waiting = await fleet.queues.commit.getJob(commitJobId(RUN));
    expect(await waiting?.getState()).toBe('waiting-children');
    expect(await waiting?.getDependenciesCount({ unprocessed: true })).toEqual({ unprocessed: 3 });
  },
);

test('a dashboard that is read-only shows the queues and changes nothing', async ({ fleet, serve }) => {
  const id = await fleet.failPage();
  const browser = await openBrowser(await serve({ readOnly: true }));
  const { body } = await browser.request('GET', '/queues/api/queues');
  const { queues }: { queues: { readOnlyMode: boolean }[] } = JSON.parse(body);
  expect(queues.map(({ readOnlyMode }) => readOnlyMode)).toEqual([true, true, true, true]);
  for (const path of ['pause', `${PAGE_QUEUE}/pause`, `${PAGE_QUEUE}/${id}/retry`]) {
    const answer = await browser.change('PUT', `/queues/api/queues/${path}`);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body).message).toContain('--read-only');
  }
  expect(await fleet.queues.page.isPaused()).toBe(false);
  expect(await fleet.queues.page.getJobCountByTypes('failed')).toBe(1);
});

import {
  COMMIT_QUEUE,
  commitJobId,
  PAGE_QUEUE,
  pageJobId,
  PLAN_QUEUE,
  SCHEDULE_QUEUE,
} from '@lance-offload/core';
import { expect, test as base } from 'vitest';
import { dashboardFixtures, RUN } from './fixtures.ts';
import type { DashboardFixtures } from './fixtures.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

const page = (index: number) => `${PAGE_QUEUE}/${pageJobId(RUN, index)}`;
const commit = `${COMMIT_QUEUE}/${commitJobId(RUN)}`;

async function change(
  method: string,
  url: string,
  body: object = {},
): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
}

test('the board shows the queues of the fleet, and a job under the name of its table', async ({ url }) => {
  const response = await fetch(`${url}/queues/api/queues?activeQueue=${PAGE_QUEUE}`);
  const { queues }: { queues: { name: string; jobs: { name: string }[] }[] } = await response.json();
  expect(queues.map(({ name }) => name)).toEqual([SCHEDULE_QUEUE, PLAN_QUEUE, PAGE_QUEUE, COMMIT_QUEUE]);
  expect(queues[2]?.jobs.map(({ name }) => name)).toEqual(['documents', 'documents']);
});

test('the board is a page that loads', async ({ url }) => {
  const response = await fetch(`${url}/queues`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(response.headers.get('x-frame-options')).toBe('DENY');
  expect(response.headers.get('x-powered-by')).toBeNull();
  const html = await response.text();
  const [, script] = /src="(static\/js\/main\.[^"]+)"/.exec(html) ?? [];
  expect((await fetch(`${url}/queues/${script}`)).status).toBe(200);
});

test('a failed page that is retried from the board starts its attempts anew', async ({ fleet, url }) => {
  const id = await fleet.failPage();
  expect((await fleet.queues.page.getJob(id))?.attemptsMade).toBe(1);

  expect(await change('PUT', `${url}/queues/api/queues/${PAGE_QUEUE}/${id}/retry`)).toEqual({
    status: 204,
    text: '',
  });
  const job = await fleet.queues.page.getJob(id);
  expect(await job?.getState()).toBe('waiting');
  expect(job).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
});

test('all failed pages that are retried at once start their attempts anew', async ({ fleet, url }) => {
  const ids = [await fleet.failPage(), await fleet.failPage()];
  const answer = await change('PUT', `${url}/queues/api/queues/${PAGE_QUEUE}/retry/failed`);
  expect(JSON.parse(answer.text)).toEqual({ retried: 2, skipped: 0 });
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
  async ([method, path, reason], { fleet, url }) => {
    await fleet.failPage();
    await fleet.queues.page.pause(); // Bull Board obliterates paused queues only
    const body = { force: true, name: 'documents', data: {}, options: {}, jobData: {} };
    const before = await fleet.queues.page.getJobCounts();

    const answer = await change(method, `${url}/queues/api/queues/${path}`, body);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text).message).toContain(reason);
    expect(await fleet.queues.page.getJobCounts()).toEqual(before);
    expect(await fleet.queues.plan.getJobCountByTypes('waiting')).toBe(1);
    const waiting = await fleet.queues.commit.getJob(commitJobId(RUN));
    expect(await waiting?.getState()).toBe('waiting-children');
    expect(await waiting?.getDependenciesCount({ unprocessed: true })).toEqual({ unprocessed: 3 });
  },
);

test('a dashboard that is read-only shows the queues and changes nothing', async ({ fleet, serve }) => {
  const id = await fleet.failPage();
  const url = await serve({ readOnly: true });
  expect((await fetch(`${url}/queues/api/queues`)).status).toBe(200);
  for (const path of ['pause', `${PAGE_QUEUE}/pause`, `${PAGE_QUEUE}/${id}/retry`]) {
    const answer = await change('PUT', `${url}/queues/api/queues/${path}`);
    expect(answer.status).toBe(405);
    expect(JSON.parse(answer.text).message).toContain('--read-only');
  }
  expect(await fleet.queues.page.isPaused()).toBe(false);
  expect(await fleet.queues.page.getJobCountByTypes('failed')).toBe(1);
});

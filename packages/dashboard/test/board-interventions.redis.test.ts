import { PAGE_QUEUE, readInterventions } from '@lance-offload/fleet';
import { expect, test as base, vi } from 'vitest';
import { Browser } from './browser.ts';
import { dashboardFixtures, type DashboardFixtures } from './fixtures.ts';
import { PASSWORD, settingsWithUsers } from './users.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

test('what is changed from the board is logged, with who, which route, which job, and how it ended', async ({
  fleet,
  serve,
}) => {
  const id = await fleet.failPage();
  const browser = new Browser(await serve({ settings: await settingsWithUsers() }));
  await browser.logIn('olga', PASSWORD);
  const queue = `/queues/api/queues/${PAGE_QUEUE}`;
  await browser.change('PUT', `${queue}/${id}/retry`);
  await browser.change('PUT', `${queue}/pause`);
  await browser.change('PUT', `${queue}/obliterate`, { force: true });
  await browser.change('PUT', '/queues/api/queues/pause');
  await browser.change('PUT', '/queues/no/such/route');
  await browser.request('GET', '/queues/api/queues');

  // A record follows its answer: the last one may still be on its way.
  const interventions = await vi.waitUntil(
    async () => {
      const found = await readInterventions(fleet, 100);
      return found.length >= 5 && found;
    },
    { timeout: 30_000 },
  );
  const line = 'PUT /api/queues';
  expect(interventions.map(({ actor, action, target, outcome }) => [actor, action, target, outcome])).toEqual(
    [
      ['olga', `${line}/pause`, '', 'done'],
      ['olga', `${line}/:queueName/obliterate`, PAGE_QUEUE, 'refused'],
      ['olga', `${line}/:queueName/pause`, PAGE_QUEUE, 'done'],
      ['olga', `${line}/:queueName/:jobId/retry`, `${PAGE_QUEUE} ${id}`, 'done'],
      ['olga', 'login', '', 'done'],
    ],
  );
});

import { expect } from 'vitest';
import type { Failures } from '../../src/api/answers.ts';
import { apiTest, planOf, publishedReport, SECRET } from './api-fixture.ts';

const test = apiTest;

test('failures are grouped by code and table, and listed with the newest first', async ({ rig }) => {
  const [one, two] = [planOf('one'), planOf('two')];
  await rig.start(one);
  await rig.fail('page', 'SOURCE_SHORT', 3);
  await rig.fail('page', 'SOURCE_REJECTED', 2);
  await rig.start(two);
  await rig.fail('page', 'SOURCE_SHORT', 1);

  const all = (await rig.get('/failures')).body;
  expect(all).toMatchObject({ total: 6, retries: [] });
  expect(all.groups.map(({ code, table, count }) => [code, table, count])).toEqual([
    ['SOURCE_SHORT', 'two', 1],
    ['SOURCE_REJECTED', 'one', 2],
    ['SOURCE_SHORT', 'one', 3],
  ]);
  expect(all.groups[2]).toMatchObject({
    step: 'page',
    message: '[SOURCE_SHORT] POST /v1/table/one/query: refused',
    runs: [one.runId],
    minAttempts: 1,
    maxAttempts: 1,
  });
  const some = (await rig.get(`/failures?table=one&code=SOURCE_SHORT`)).body;
  expect([some.total, some.groups.length]).toEqual([3, 1]);
  expect((await rig.get(`/failures?step=commit`)).body.total).toBe(0);
  const page = (await rig.get(`/failures/jobs?runId=${one.runId}&offset=1&limit=2`)).body;
  expect(page.total).toBe(5);
  expect(page.jobs).toHaveLength(2);
  expect(page.jobs[0]).toMatchObject({ table: 'one', step: 'page', attempts: 1 });
  expect(JSON.stringify([all, page])).not.toContain(SECRET);
});

test('a filter chooses what is retried, and the others stay failed', async ({ rig }) => {
  await rig.start(planOf('documents'));
  await rig.fail('page', 'SOURCE_SHORT', 3);
  await rig.fail('page', 'SOURCE_REJECTED', 2);
  const { body } = await rig.post('/failures/retry', { filter: { code: 'SOURCE_SHORT' } });
  expect(body).toEqual({ matched: 3, retried: 3, retryId: null });
  const { groups } = (await rig.get('/failures')).body;
  expect(groups).toMatchObject([{ code: 'SOURCE_REJECTED', count: 2 }]);
  expect(await rig.fleet.queues.page.getJobCountByTypes('waiting')).toBe(3);
});

test('a staggered retry goes on by itself, shows how far it is, and can be stopped', async ({ rig }) => {
  await rig.start(planOf('documents'));
  await rig.fail('page', 'SOURCE_SHORT', 5);
  const stream = await rig.follow('topic=failures');
  const answer = (await rig.post('/failures/retry', { filter: {}, perSecond: 0.01 })).body;
  expect(answer.matched).toBe(5);
  // The failures may have been read just before the first of them was retried.
  const shown = await stream.until<Failures>(
    'failures',
    ({ total, retries }) => total === 4 && retries[0]?.retried === 1,
  );
  expect(shown).toMatchObject({
    retries: [{ id: answer.retryId, matched: 5, retried: 1, perSecond: 0.01, by: 'local', filter: {} }],
  });
  const stopped = await rig.post(`/retries/${answer.retryId}/stop`);
  expect(stopped.body.message).toBe('Stopped after 1 job of 5; the others stay failed.');
  expect((await rig.get('/failures')).body).toMatchObject({ total: 4, retries: [] });
  expect((await rig.post(`/retries/${answer.retryId}/stop`)).status).toBe(404);
});

test('a run is cancelled once, and what has ended is refused', async ({ rig }) => {
  const [plan, done] = [planOf('documents'), planOf('done')];
  for (const one of [plan, done]) await rig.start(one);
  await rig.fleet.staging.createReport(publishedReport(done));
  const cancelled = await rig.post(`/runs/${plan.runId}/cancel`);
  expect(cancelled).toMatchObject({
    status: 200,
    body: { message: expect.stringContaining('is cancelled') },
  });
  const again = await rig.refused('POST', `/runs/${plan.runId}/cancel`);
  expect(again).toMatchObject({ status: 409, body: { error: { code: 'RUN_CLOSED' } } });
  const retry = await rig.refused('POST', `/runs/${done.runId}/retry`);
  expect(retry).toMatchObject({ status: 409, body: { error: { code: 'RUN_CLOSED' } } });
  const { actions } = (await rig.get('/actions')).body;
  expect(actions.map(({ actor, action, target, outcome }) => [actor, action, target, outcome])).toEqual([
    ['local', 'retry', done.runId, 'refused'],
    ['local', 'cancel', plan.runId, 'refused'],
    ['local', 'cancel', plan.runId, 'done'],
  ]);
});

test('a limit is set, and lifted with null', async ({ rig }) => {
  const set = await rig.post('/control/limits', { concurrency: 3 });
  expect(set.body.message).toContain('3 pages under way');
  expect(await rig.fleet.queues.page.getGlobalConcurrency()).toBe(3);
  await rig.post('/control/limits', { concurrency: null });
  expect(await rig.fleet.queues.page.getGlobalConcurrency()).toBeNull();
});

for (const [route, where] of [
  ['/failures?step=pages', 'query.step'],
  ['/failures?colour=red', 'colour'],
  ['/failures/jobs?limit=many', 'query.limit'],
  ['/failures/jobs?limit=5000', 'query.limit'],
  ['/events?topic=everything', 'query.topic'],
  ['/events?topic=run', 'query.run'],
] as const)
  test(`GET ${route} is refused with what is wrong`, async ({ rig }) => {
    const { status, body } = await rig.refused('GET', route);
    expect([status, body.error.code]).toEqual([400, 'BAD_INPUT']);
    expect(body.error.message).toContain(where);
  });

for (const [route, sent, where] of [
  ['/control/pause', { scope: 'galaxy' }, 'body.scope'],
  ['/control/pause', { scope: 'table' }, 'body.name'],
  ['/control/limits', {}, 'null lifts a limit'],
  ['/control/limits', { concurrency: 1.5 }, 'body.concurrency'],
  ['/failures/retry', { perSecond: 3 }, 'body.filter'],
  ['/failures/retry', { filter: {}, perSecond: 0 }, 'body.perSecond'],
] as const)
  test(`POST ${route} of ${JSON.stringify(sent)} is refused with what is wrong`, async ({ rig }) => {
    const { status, body } = await rig.refused('POST', route, sent);
    expect([status, body.error.code]).toEqual([400, 'BAD_INPUT']);
    expect(body.error.message).toContain(where);
  });

test('what is not JSON, what is not there, and a run nobody knows are told apart', async ({ rig }) => {
  const url = await rig.url();
  const headers = { 'content-type': 'application/json' };
  const notJson = await fetch(`${url}/api/control/pause`, { method: 'POST', headers, body: '{"scope"' });
  expect([notJson.status, await notJson.json()]).toMatchObject([400, { error: { code: 'BAD_INPUT' } }]);
  for (const [route, code] of [
    ['/nothing', 'NOT_FOUND'],
    ['/runs/documents', 'RUN_NOT_FOUND'],
    ['/runs/documents-20261122T101500Z-7f3a', 'RUN_NOT_FOUND'],
    ['/events?topic=run&run=documents-20261122T101500Z-7f3a', 'RUN_NOT_FOUND'],
  ] as const) {
    const { status, body } = await rig.refused('GET', route);
    expect([route, status, body.error.code]).toEqual([route, 404, code]);
  }
});

import { tableFromIPC } from 'apache-arrow';
import { expect, test as base } from 'vitest';
import { limitRate } from '../src/middleware.ts';
import { DOCUMENT_ROWS, connectRemote, tableFixtures, post } from './fixtures.ts';
import type { TableFixtures } from './fixtures.ts';

const test = base.extend<TableFixtures>(tableFixtures);

const QUERY = '/v1/table/documents/query/';

test('--max-k caps the rows of an answer, whatever is asked for', async ({ served, documents }) => {
  const server = await served.serve({ maxK: 500 });
  const rowsFor = async (k: number): Promise<number> =>
    tableFromIPC(await (await post(server, QUERY, { k, vector: [], offset: 100 })).arrayBuffer()).numRows;
  expect(await rowsFor(499)).toBe(499);
  expect(await rowsFor(2 ** 63)).toBe(500);
  const remote = await (await connectRemote(server)).openTable(documents.name);
  expect(await remote.query().toArray()).toHaveLength(500);
});

test('a request over the rate limit is answered 429 with the seconds to wait', async ({
  served,
  documents,
}) => {
  const server = await served.serve({ rateLimit: 0.1 });
  const path = `/v1/table/${documents.name}/count_rows/`;
  expect((await post(server, path, {})).status).toBe(200);
  const refused = await post(server, path, {});
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
  expect(await refused.json()).toEqual({
    code: 429,
    error: expect.stringMatching(/^Too many requests: .*try again/),
  });
});

test('the rate limit lets in as many at once as per second, and fills up again', () => {
  let clock = 0;
  const limit = limitRate(2, () => clock);
  const passes = (): boolean => {
    let passed = false;
    try {
      // The limiter looks at neither request nor response.
      Reflect.apply(limit, undefined, [{}, {}, () => (passed = true)]);
    } catch {
      // Refused: what the answer is, the test above sees.
    }
    return passed;
  };
  expect([passes(), passes(), passes()]).toEqual([true, true, false]);
  clock += 500;
  expect([passes(), passes()]).toEqual([true, false]);
  clock += 60_000;
  expect([passes(), passes(), passes()]).toEqual([true, true, false]);
});

test('--latency-ms holds every answer back', async ({ served, documents }) => {
  const server = await served.serve({ latencyMs: 150 });
  const started = performance.now();
  await post(server, `/v1/table/${documents.name}/count_rows/`, {});
  expect(performance.now() - started).toBeGreaterThanOrEqual(145);
});

test('an interceptor may answer in place of the server', async ({ served, documents }) => {
  let seen = 0;
  const server = await served.serve({
    intercept: (request, response, next) => {
      if (!request.path.includes('/query')) return next();
      seen += 1;
      response.status(503).json({ code: 503, error: `not now, ${String(request.body.k)}` });
    },
  });
  const refused = await post(server, QUERY, { k: 7, vector: [] });
  expect([refused.status, await refused.text(), seen]).toEqual([503, '{"code":503,"error":"not now, 7"}', 1]);
  const count = await post(server, `/v1/table/${documents.name}/count_rows/`, {});
  expect(await count.json()).toBe(DOCUMENT_ROWS);
});

test('a server others can reach insists on a key, and any server on a folder', async ({ served }) => {
  await expect(served.serve({ host: '0.0.0.0', apiKey: undefined })).rejects.toThrow(/give an API key/);
  await expect(served.serve({ apiKey: '' })).rejects.toThrow(/empty/);
  await expect(served.serve({ uri: `${served.dir}/nope` })).rejects.toThrow(/not a folder/);
});

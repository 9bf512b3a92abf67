import { expect } from 'vitest';
import { Collector, type CollectedSpan } from '../src/collector.ts';
import { test as base } from '../src/fixtures.ts';
import { until } from '../src/lake.ts';
import { BINS } from '../src/programs.ts';
import type { World } from '../src/world.ts';

const test = base.extend<{ collector: Collector; env: NodeJS.ProcessEnv }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads a fixture's needs off its parameter
  collector: async ({}, use) => {
    const collector = await Collector.start();
    await use(collector);
    collector.close();
  },
  env: async ({ collector }, use) => {
    await use({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  },
});

function spanNamed(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`no span "${name}" among ${spans.map((span) => span.name).join(', ')}`);
  return found;
}

/** Runs everything that is configured, with one worker, to the end of both processes. */
async function runTraced(world: World, env: NodeJS.ProcessEnv): Promise<{ code: number | null }> {
  const worker = await world.worker([], env);
  const run = await world.start(BINS.offload, ['run', '--json'], env).ended;
  await worker.kill('SIGTERM');
  return run;
}

const number = (text: unknown): number => Number(text);

test('a run is one trace, from the producer through the plan and the pages to the commit', async ({
  world,
  collector,
  env,
}) => {
  await world.items('items', 250);
  await world.serve({ tables: { items: { batch_size: 100 } } });
  expect(await runTraced(world, env)).toMatchObject({ code: 0 });

  const start = spanNamed(collector.spans, 'start run');
  const spans = collector.spans.filter(({ traceId }) => traceId === start.traceId);
  const { 'lance_offload.run_id': runId } = start.attributes;
  expect(runId).toMatch(/^items-\d{8}T\d{6}Z-[\da-f]{4}$/);
  const plan = spanNamed(spans, 'process offload-plan');
  const pages = spans.filter(({ name }) => name === 'process offload-page');
  const commit = spanNamed(spans, 'process offload-commit');
  const parents = new Map(spans.map(({ spanId, parentSpanId }) => [spanId, parentSpanId]));
  const isBelow = (span: CollectedSpan, ancestor: CollectedSpan): boolean => {
    for (let id = span.parentSpanId; id; id = parents.get(id)) if (id === ancestor.spanId) return true;
    return false;
  };
  expect([plan, commit].every((span) => isBelow(span, start))).toBe(true);
  expect(pages.every((page) => isBelow(page, plan))).toBe(true);
  for (const span of [plan, commit, ...pages])
    expect(span.attributes).toMatchObject({ 'lance_offload.run_id': runId, 'lance_offload.table': 'items' });
  expect([start, plan].map(({ service }) => service)).toEqual(['lance-offload', 'lance-offload']);
  expect(new Set([commit, ...pages].map(({ service }) => service))).toEqual(new Set(['lance-worker']));

  const facts = pages.map(({ attributes }) =>
    ['page', 'rows'].map((fact) => number(attributes[`lance_offload.${fact}`])),
  );
  expect(facts.toSorted(([a = 0], [b = 0]) => a - b)).toEqual([
    [0, 100],
    [1, 100],
    [2, 50],
  ]);
  for (const page of pages) {
    expect(number(page.attributes['lance_offload.bytes'])).toBeGreaterThan(0);
    const steps = spans.filter((span) => isBelow(span, page)).map(({ name }) => name);
    expect(steps).toEqual(expect.arrayContaining(['query', 'transform', 'write']));
  }
  expect(number(commit.attributes['lance_offload.rows'])).toBe(250);
  expect(number(commit.attributes['lance_offload.delta_version'])).toBe(0);
  const steps = spans.filter((span) => span.parentSpanId === commit.spanId).map(({ name }) => name);
  expect(steps).toEqual([
    'audit',
    'merge',
    'write vectors',
    'decide',
    'log',
    'refresh views',
    'count',
    'report',
  ]);
  // Polling, locks and the like leave nothing, in this trace or in ones of their own.
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1);
});

test('a page that is tried again has a span for each attempt, in the trace of its run', async ({
  world,
  collector,
  env,
}) => {
  await world.items('items', 50);
  const source = await world.serve();
  source.spoil(
    ({ operation }) => operation === 'query',
    (response) => response.status(503).end(),
    1,
  );
  expect(await runTraced(world, env)).toMatchObject({ code: 0 });

  const { traceId } = spanNamed(collector.spans, 'start run');
  const pages = collector.spans.filter(({ name }) => name === 'process offload-page');
  expect(pages.map(({ status, ...page }) => [page.traceId, status.code === 2])).toEqual([
    [traceId, true],
    [traceId, false],
  ]);
  const fact = (name: string) => pages.map(({ attributes }) => attributes[`lance_offload.${name}`]);
  expect(fact('attempt').map(number)).toEqual([1, 2]);
  expect(fact('error_code')).toEqual(['SOURCE_UNAVAILABLE', undefined]);
});

test('spans name the codes of errors; no key, no row, no filter and no word of the server is in any', async ({
  world,
  collector,
  env,
}) => {
  await world.items('items', 100);
  const [row] = await world.items('other', 100);
  const filter = "title <> 'secret-of-the-filter'";
  const source = await world.serve({
    tables: { items: { filter_expression: filter }, other: {} },
    connection: { max_retries: 1 },
  });
  source.refuse(
    ({ table, operation }) => table === 'other' && operation === 'query',
    400,
    `the row ${row?.title} may not be read with ${world.apiKey}`,
  );
  expect(await runTraced(world, env)).toMatchObject({ code: 1 });

  const failed = collector.spans.filter(
    ({ name, status }) => name === 'process offload-page' && status.code === 2,
  );
  expect(failed.map(({ attributes }) => attributes['lance_offload.error_code'])).toEqual(['SOURCE_REJECTED']);
  expect(spanNamed(collector.spans, 'process offload-commit').attributes['lance_offload.table']).toBe(
    'items',
  );
  for (const secret of [world.apiKey, 'secret-of-the-filter', 'größte', 'may not be read', 'item 0'])
    expect(collector.received).not.toContain(secret);
});

test('a run that a schedule starts has a trace of its own', async ({ world, collector, env }) => {
  await world.items('items', 10);
  await world.serve({ tables: { items: { schedule: '* * * * * *' } } });
  const worker = await world.worker([], env);
  const schedule = world.start(BINS.offload, ['schedule'], env);
  const starts = await until(() => {
    const found = collector.spans.filter(({ name }) => name === 'start run');
    return found.length >= 2 && found;
  });
  await schedule.kill('SIGTERM');
  await worker.kill('SIGTERM');
  expect(new Set(starts.map(({ traceId }) => traceId)).size).toBe(starts.length);
  for (const { traceId, parentSpanId } of starts) {
    const due = collector.spans.find(({ spanId }) => spanId === parentSpanId);
    expect(due).toMatchObject({ name: 'schedule came due', traceId });
  }
});

test('a collector that cannot be reached is told of once, and the run is as good as any', async ({
  world,
}) => {
  await world.items('items', 250);
  await world.serve({ tables: { items: { batch_size: 10 } } });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
  const worker = await world.worker([], env);
  const run = await world.start(BINS.offload, ['--log-level', 'warn', 'run', '--json'], env).ended;
  await until(() => worker.said.includes('traces do not reach'));
  await worker.kill('SIGTERM');
  expect(run).toMatchObject({ code: 0 });
  for (const said of [run.err, worker.said])
    expect(said.match(/traces do not reach their collector/g)).toHaveLength(1);
});

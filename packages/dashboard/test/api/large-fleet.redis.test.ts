import { PAYLOAD_VERSION, planPages } from '@lance-offload/core';
import { recordPlanned, type PageJob } from '@lance-offload/fleet';
import { expect } from 'vitest';
import type { Overview } from '../../src/api/answers.ts';
import { apiTest, planOf, type Rig } from './api-fixture.ts';

const test = apiTest;

const TABLES = 200;
const PAGES = 500;
/** Of each table; the others are staged. */
const FAILED = 100;
const MEGABYTE = 1_000_000;

/** 200 tables with 100,000 pages, of which 20,000 have failed. Returns the run of the first table. */
async function fill({ fleet, fail }: Rig): Promise<string> {
  const plans = Array.from({ length: TABLES }, (_, index) =>
    planOf(`table_${String(index).padStart(3, '0')}`, { sourceRows: PAGES * 10 }),
  );
  const staged = new Set(Array.from({ length: PAGES - FAILED }, (_, index) => FAILED + index));
  for (const plan of plans) {
    const { runId, table, destination, startedAtMs, source } = plan;
    const common = { payloadVersion: PAYLOAD_VERSION, runId, table, destination } as const;
    await fleet.staging.createPlan(plan);
    await fleet.queues.addRun(
      { ...common, startedAtMs, source, options: {}, full: false, sweepDeletes: false },
      fleet.attempts,
    );
    await recordPlanned(plan, staged, fleet);
    const pages = [...planPages(plan)].slice(0, FAILED).map((page): PageJob => ({ ...common, page }));
    await fleet.queues.addPages(pages, fleet.attempts);
  }
  const jobs = await fleet.queues.plan.getWaiting();
  await Promise.all(jobs.map((job) => job.remove())); // they have done their work
  await fail('page', 'SOURCE_REJECTED', TABLES * FAILED);
  return plans[0]?.runId ?? '';
}

test(
  'with 200 tables, 100,000 pages and 20,000 failures every answer is small',
  { timeout: 240_000 },
  async ({ rig }) => {
    const runId = await fill(rig);
    const measured: string[] = [];
    const measure = async <Route extends string>(route: Route) => {
      const begun = performance.now();
      const { status, body, bytes } = await rig.get(route);
      measured.push(`${route}: ${Math.round(performance.now() - begun)} ms, ${Math.round(bytes / 1000)} KB`);
      expect([route, status, bytes < MEGABYTE]).toEqual([route, 200, true]);
      return body;
    };
    await measure('/overview'); // with nothing known yet
    const overview = await measure('/overview');
    expect(overview.tables).toHaveLength(TABLES);
    expect(overview.fleet.failures).toBe(TABLES * FAILED);
    expect(overview.tables.every(({ state, pages }) => state === 'blocked' && pages.failed === FAILED)).toBe(
      true,
    );
    const failures = await measure('/failures');
    expect([failures.total, failures.groups.length]).toEqual([TABLES * FAILED, TABLES]);
    const jobs = await measure('/failures/jobs?limit=200');
    expect([jobs.total, jobs.jobs.length]).toEqual([TABLES * FAILED, 200]);
    expect(await measure(`/runs/${runId}`)).toMatchObject({
      state: 'blocked',
      blockedBy: 'The commit waits for 100 failed pages.',
    });
    const { cells } = await measure(`/runs/${runId}/pages`);
    expect(cells).toHaveLength(PAGES);

    const stream = await rig.follow('topic=overview');
    expect((await stream.until<Overview>('snapshot')).tables).toHaveLength(TABLES);
    const before = performance.now();
    const patch = JSON.stringify(await stream.until('patch'));
    expect(patch.length).toBeLessThan(20_000);
    measured.push(`patch: ${Math.round(performance.now() - before)} ms later, ${patch.length} bytes`);
    process.stdout.write(`${measured.join('\n')}\n`);
  },
);

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { scrape, tellOfWork, test } from './metrics-fixture.ts';
import { promtool, type Scrape } from './scrape.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const ALERTS = path.join(root, 'docs/prometheus/alerts.yml');
// The YAML parser is a dependency of base, which reads its configuration with it.
const base = createRequire(path.join(root, 'packages/base/package.json'));
const yaml: { parse(text: string): unknown } = base('yaml');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

interface Grafana {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

const grafana: Grafana = JSON.parse(readFileSync(path.join(root, 'docs/grafana/lance-offload.json'), 'utf8'));
const alerts = yaml.parse(readFileSync(ALERTS, 'utf8')) as Alerts;
const panelExpressions = grafana.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const alertExpressions = alerts.groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));

/** What PromQL asks for that a scrape does not have: names of metrics, and labels with values. */
function absentFrom({ samples }: Scrape, promql: string): string[] {
  const names = [...promql.matchAll(/\blance_offload_\w+/g)].map(([name]) => name);
  const absent = names.filter((name) => !samples.some((sample) => sample.name === name));
  for (const [selector, name, matchers = ''] of promql.matchAll(/\b(lance_offload_\w+)\{([^}]*)\}/g)) {
    for (const [, label = '', values = ''] of matchers.matchAll(/(\w+)=~?"([^"]*)"/g)) {
      if (label === 'job') continue; // given by Prometheus
      const known = new Set(
        samples.flatMap((sample) => (sample.name === name ? [sample.labels[label]] : [])),
      );
      if (values.split('|').some((value) => !known.has(value))) absent.push(selector);
    }
  }
  return absent;
}

test('each metric and label that Grafana’s panels and the alerts ask for is in a scrape', async ({
  fleet,
  serveMetrics,
}) => {
  await tellOfWork(fleet);
  const told = await scrape(await serveMetrics());
  const definitions = grafana.templating.list.flatMap(({ definition }) => definition ?? []);
  const asked = [...panelExpressions, ...alertExpressions, ...definitions];
  for (const promql of asked) expect(promql).toMatch(/\blance_offload_/);
  expect(asked.flatMap((promql) => absentFrom(told, promql))).toEqual([]);
});

test('docs/operations.md lists every metric of a scrape with its type, and no other', async ({
  fleet,
  serveMetrics,
}) => {
  await tellOfWork(fleet);
  const { metrics } = await scrape(await serveMetrics());
  const guide = readFileSync(path.join(root, 'docs/operations.md'), 'utf8');
  const listed = [...guide.matchAll(/^\| `(lance_offload_\w+)(?:\{[\w, ]+\})?` \| (\w+) \|/gm)];
  expect(new Map(listed.map(([, name, type]) => [name, type]))).toEqual(
    new Map([...metrics].map(([name, { type }]) => [name, type])),
  );
});

test('Grafana’s panels show every metric', async ({ fleet, serveMetrics }) => {
  await tellOfWork(fleet);
  const told = await scrape(await serveMetrics());
  const shown = panelExpressions.join('\n');
  expect([...told.metrics.keys()].filter((name) => !shown.includes(name))).toEqual([]);
});

test('no two panels have an id or a place in common, and none hangs over the edge', () => {
  const { panels } = grafana;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const overlap = panels.flatMap((a, index) =>
    panels.slice(index + 1).flatMap((b) => {
      const [one, other] = [a.gridPos, b.gridPos];
      const apart =
        one.x + one.w <= other.x ||
        other.x + other.w <= one.x ||
        one.y + one.h <= other.y ||
        other.y + other.h <= one.y;
      return apart ? [] : [`${a.title} and ${b.title}`];
    }),
  );
  expect(overlap).toEqual([]);
  for (const { gridPos, type, targets = [] } of panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    expect(targets.length > 0).toBe(type !== 'row');
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  }
});

test('the alerts and the panels’ PromQL are well-formed, to Prometheus’s own checker as well', async () => {
  expect(alertExpressions.length).toBeGreaterThanOrEqual(4);
  expect(await promtool(['check', 'rules', '--lint=all', ALERTS])).toBe('');
  const rules = panelExpressions.map((expr, index) => ({
    record: `panel:${index}`,
    expr: expr.replaceAll('$__rate_interval', '1m'),
  }));
  const folder = await mkdtemp(path.join(tmpdir(), 'panels-'));
  const file = path.join(folder, 'panels.json'); // JSON is YAML
  await writeFile(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
  expect(await promtool(['check', 'rules', '--lint=none', file])).toBe('');
  await rm(folder, { recursive: true });
});

test('each alert fires when its trouble has lasted, and not before or without it', async () => {
  const scenarios = path.join(import.meta.dirname, 'alerts.promtool.yml');
  expect(await promtool(['test', 'rules', scenarios])).toBe('');
  const tested = readFileSync(scenarios, 'utf8');
  const names = alerts.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  expect(names.filter((name) => !tested.includes(`alertname="${name}"`))).toEqual([]);
});

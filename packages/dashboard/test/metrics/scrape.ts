import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';

/** A sample of a scrape, with the metric it belongs to. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  /** Type and help by the name of the metric. */
  readonly metrics: ReadonlyMap<string, { readonly type: string; readonly help: string }>;
  readonly samples: readonly Sample[];
  /** The value of the one sample that has these labels, or `undefined`. */
  readonly value: (name: string, labels?: Readonly<Record<string, string>>) => number | undefined;
}

const META = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)|\+Inf|-Inf|NaN)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

function parseLabels(source: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < source.length) {
    const at = LABEL.lastIndex;
    const [, name, value] = LABEL.exec(source) ?? [];
    if (name === undefined || value === undefined || name in labels)
      throw new Error(`no labels at ${at}: ${source}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

/** Reads the text format strictly: every line is a HELP, a TYPE or a sample of the metric these were about, none twice. */
export function parseScrape(body: string): Scrape {
  if (!body.endsWith('\n')) throw new Error('the last line does not end');
  const metrics = new Map<string, { type: string; help: string }>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let current = '';
  for (const line of body.split('\n')) {
    if (line === '') continue;
    const [, kind, metric = '', words = ''] = META.exec(line) ?? [];
    if (kind === 'HELP') {
      if (metrics.has(metric)) throw new Error(`told twice: ${line}`);
      metrics.set(metric, { type: '', help: words });
      current = metric;
    } else if (kind === 'TYPE') {
      if (metric !== current) throw new Error(`TYPE of another metric: ${line}`);
      metrics.set(metric, { type: words, help: metrics.get(metric)?.help ?? '' });
    } else {
      const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
      if (name === undefined) throw new Error(`neither HELP, TYPE nor a sample: ${line}`);
      const key = line.slice(0, line.lastIndexOf(' '));
      if (seen.has(key)) throw new Error(`twice: ${line}`);
      seen.add(key);
      if (name !== current && !/^_(?:bucket|sum|count)$/.test(name.slice(current.length)))
        throw new Error(`a sample of another metric: ${line}`);
      samples.push({
        name,
        labels: parseLabels(labels),
        value: Number(value === '+Inf' ? 'Infinity' : value),
      });
    }
  }
  return {
    metrics,
    samples,
    value: (name, labels = {}) =>
      samples.find(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      )?.value,
  };
}

const FETCHED = path.resolve(import.meta.dirname, '../../../../node_modules/.cache/promtool/promtool');

/**
 * Runs Prometheus's own checker. Returns what it found wrong, the empty text where nothing is; so it does where there is
 * no promtool, as on systems without Debian's packages: `parseScrape` is what holds everywhere.
 */
export async function promtool(args: readonly string[], input = ''): Promise<string> {
  const child = spawn(existsSync(FETCHED) ? FETCHED : 'promtool', args);
  const closed = once(child, 'close');
  child.stdin.on('error', () => undefined).end(input);
  try {
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return code === 0 && err === '' ? '' : `promtool: ${out}${err}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

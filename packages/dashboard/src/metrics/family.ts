import type { Metric } from 'prom-client';

type Labels = Readonly<Record<string, string | number>>;

/** One value of a metric. `suffix`: of a histogram's or a summary's name, such as `_sum`. */
interface Sample {
  readonly value: number;
  readonly labels?: Labels;
  readonly suffix?: string;
}

/** A metric and its values in one scrape. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly Sample[];
}

/** What every metric's name begins with. */
const PREFIX = 'lance_offload_';

export function gauge(name: string, help: string, samples: readonly Sample[] | number): Family {
  return {
    name: `${PREFIX}${name}`,
    help,
    type: 'gauge',
    samples: typeof samples === 'number' ? [{ value: samples }] : samples,
  };
}

export function counter(name: string, help: string, samples: readonly Sample[] | number): Family {
  return { ...gauge(name, help, samples), type: 'counter' };
}

/** One value a key, under a label; keys without one get their zero, so that a first occurrence is seen as an increase. */
export function byLabel(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

/**
 * A histogram that was counted elsewhere.
 *
 * @param bounds upper bounds of the buckets, in the metric's unit; `counts` has one bucket more.
 */
export function histogram(
  name: string,
  help: string,
  { bounds, counts, sum }: { bounds: readonly number[]; counts: readonly number[]; sum: number },
): Family {
  let total = 0;
  const buckets = counts.map((count, index): Sample => {
    total += count;
    return { suffix: '_bucket', labels: { le: bounds[index] ?? '+Inf' }, value: total };
  });
  const samples = [...buckets, { suffix: '_sum', value: sum }, { suffix: '_count', value: total }];
  return { name: `${PREFIX}${name}`, help, type: 'histogram', samples };
}

/** A sum of durations, and how many they are of. */
export function summary(name: string, help: string, sum: number, count: number): Family {
  const samples = [
    { suffix: '_sum', value: sum },
    { suffix: '_count', value: count },
  ];
  return { name: `${PREFIX}${name}`, help, type: 'summary', samples };
}

/** As prom-client's registry takes it: its own metrics count by themselves, these were counted by the fleet. */
export function toMetric({ name, help, type, samples }: Family): Metric {
  const values = samples.map(({ value, labels = {}, suffix = '' }) => ({
    value,
    labels,
    metricName: `${name}${suffix}`,
  }));
  return { name, help, type, get: () => Promise.resolve({ name, help, type, values }) } as unknown as Metric;
}

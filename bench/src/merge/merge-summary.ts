import type { Claim } from '../claims.ts';
import { median, rounded } from '../median.ts';
import type { Cost, Round, Widths } from './measure-round.ts';

const TIMES_FASTER = 20;
const TIMES_APART = 2;
const PEAK_MEGABYTES = 1000;

export type Contender = keyof Round;
type Measure = 'seconds' | 'cpuSeconds';

interface Contest {
  readonly rows: number;
  readonly changed: number;
  readonly dimensions: Widths;
  /** Processes that ran or waited for a core before the bench did anything. */
  readonly loadBefore: number;
}

interface Figures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** The most of all rounds. */
  readonly peakMegabytes: number;
}

export interface MergeSummary extends Contest {
  readonly rounds: number;
  readonly files: number;
  readonly figures: Readonly<Record<Contender, Figures>>;
  /** Seconds of each step of the merge that is compared with DuckDB. */
  readonly steps: Readonly<Record<string, number>>;
  readonly syncSeconds: number;
  /** Medians of the rounds' ratios. */
  readonly ratios: {
    readonly 'rewrite/merge': number;
    readonly 'rewrite/merge, CPU': number;
    readonly 'wide/narrow': number;
  };
  readonly claims: readonly Claim[];
}

function claimsOf(summary: Omit<MergeSummary, 'claims'>): Claim[] {
  const { rows, changed, dimensions, figures, ratios } = summary;
  const { narrow, usual, wide } = dimensions;
  const faster = ratios['rewrite/merge'];
  const apart = rounded(Math.max(ratios['wide/narrow'], 1 / ratios['wide/narrow']));
  const peak = Math.max(
    ...(['narrow', 'usual', 'wide', 'history'] as const).map((c) => figures[c].peakMegabytes),
  );
  return [
    {
      claim: `upserting ${changed} changed rows into ${rows} × ${usual} is at least ${TIMES_FASTER} times faster than rewriting the same files with DuckDB COPY`,
      measured: `${faster} times`,
      met: faster >= TIMES_FASTER,
    },
    {
      claim: `the same merge at ${narrow} and at ${wide} dimensions differs by less than ${TIMES_APART} times`,
      measured: `${apart} times`,
      met: apart < TIMES_APART,
    },
    {
      claim: 'peak memory of every merge is under 1 GB',
      measured: `${peak} MB`,
      met: peak < PEAK_MEGABYTES,
    },
  ];
}

function medianOf(round: Round, contender: Contender, measure: Measure): number {
  return median(round[contender].map((cost: Cost) => cost[measure]));
}

export function summariseMerges(rounds: readonly Round[], contest: Contest): MergeSummary {
  const figuresOf = (contender: Contender): Figures => {
    const costs = rounds.flatMap((round): readonly Cost[] => round[contender]);
    return {
      seconds: rounded(median(costs.map(({ seconds }) => seconds))),
      cpuSeconds: rounded(median(costs.map(({ cpuSeconds }) => cpuSeconds))),
      peakMegabytes: Math.round(Math.max(...costs.map(({ peakBytes }) => peakBytes)) / 1e6),
    };
  };
  const ratio = (one: Contender, other: Contender, measure: Measure = 'seconds') =>
    rounded(median(rounds.map((round) => medianOf(round, one, measure) / medianOf(round, other, measure))));
  const steps = rounds.flatMap((round) => round.usual.map((cost) => Object.entries(cost.steps)));
  const summary = {
    ...contest,
    rounds: rounds.length,
    files: rounds[0]?.rewrite[0].files ?? 0,
    figures: {
      narrow: figuresOf('narrow'),
      usual: figuresOf('usual'),
      wide: figuresOf('wide'),
      history: figuresOf('history'),
      rewrite: figuresOf('rewrite'),
    },
    steps: Object.fromEntries(
      (steps[0] ?? []).map(([step], index) => [
        step,
        rounded(median(steps.map((entries) => entries[index]?.[1] ?? 0))),
      ]),
    ),
    syncSeconds: rounded(median(rounds.map(({ rewrite: [{ syncSeconds }] }) => syncSeconds))),
    ratios: {
      'rewrite/merge': ratio('rewrite', 'usual'),
      'rewrite/merge, CPU': ratio('rewrite', 'usual', 'cpuSeconds'),
      'wide/narrow': ratio('wide', 'narrow'),
    },
  };
  return { ...summary, claims: claimsOf(summary) };
}

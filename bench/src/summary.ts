import type { TableSize } from './make-table.ts';
import type { Measurements } from './measure.ts';
import { median, rounded } from './median.ts';

type Contender = 'drain' | 'single' | 'oneWorker' | 'twoWorkers';

interface Speed {
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly megabytesPerSecond: number;
}

export interface Summary {
  readonly rows: number;
  readonly dimensions: number;
  readonly rounds: number;
  readonly speeds: Readonly<Record<Contender, Speed>>;
  /** Medians of the rounds' ratios: rates of the fleet over rates of the drain (a) and of the single program (b). */
  readonly ratios: {
    readonly 'c1/a': number;
    readonly 'c2/a': number;
    readonly 'c1/b': number;
    readonly 'c2/b': number;
  };
  readonly workerPeakMegabytes: number;
  readonly workerPeakMegabytesFiveTimes: number | null;
  readonly memoryRatio: number | null;
}

export function summarise(
  rounds: readonly Measurements[],
  size: TableSize,
  peak: number,
  largePeak: number | undefined,
): Summary {
  const bytes = rounds[0]?.sourceBytes ?? 0;
  const speed = (contender: Contender): Speed => {
    const seconds = median(rounds.map((round) => round[contender]));
    return {
      seconds: rounded(seconds),
      rowsPerSecond: Math.round(size.rows / seconds),
      megabytesPerSecond: Math.round(bytes / seconds / 1e6),
    };
  };
  const ratio = (fleet: Contender, other: Contender): number =>
    rounded(median(rounds.map((round) => round[other] / round[fleet])));
  return {
    rows: size.rows,
    dimensions: size.dimensions,
    rounds: rounds.length,
    speeds: {
      drain: speed('drain'),
      single: speed('single'),
      oneWorker: speed('oneWorker'),
      twoWorkers: speed('twoWorkers'),
    },
    ratios: {
      'c1/a': ratio('oneWorker', 'drain'),
      'c2/a': ratio('twoWorkers', 'drain'),
      'c1/b': ratio('oneWorker', 'single'),
      'c2/b': ratio('twoWorkers', 'single'),
    },
    workerPeakMegabytes: Math.round(peak / 1e6),
    workerPeakMegabytesFiveTimes: largePeak === undefined ? null : Math.round(largePeak / 1e6),
    memoryRatio: largePeak === undefined ? null : rounded(largePeak / peak),
  };
}

const NAMES: Readonly<Record<Contender, string>> = {
  drain: 'a   drain over HTTP, discard',
  single: 'b   official client into Parquet',
  oneWorker: 'c1  fleet, 1 worker, to the commit',
  twoWorkers: 'c2  fleet, 2 workers, to the commit',
};

export function printFigures(summary: Summary, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const lines = [
    `${summary.rows} rows × ${summary.dimensions} float32, medians of ${summary.rounds} rounds`,
    '',
  ];
  for (const [contender, name] of Object.entries(NAMES) as [Contender, string][]) {
    const { seconds, rowsPerSecond, megabytesPerSecond } = summary.speeds[contender];
    lines.push(
      `${name.padEnd(38)} ${String(rowsPerSecond).padStart(8)} rows/s ${String(megabytesPerSecond).padStart(6)} MB/s ${seconds.toFixed(2).padStart(7)} s`,
    );
  }
  lines.push('', ...Object.entries(summary.ratios).map(([name, ratio]) => `${name} = ${ratio}`));
  lines.push(`peak memory of a worker: ${summary.workerPeakMegabytes} MB`);
  if (summary.memoryRatio !== null) {
    lines.push(
      `… after a table five times as large: ${summary.workerPeakMegabytesFiveTimes} MB, ${summary.memoryRatio} times that`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

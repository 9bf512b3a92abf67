import { availableParallelism } from 'node:os';
import { claimLines } from '../claims.ts';
import type { Contender, MergeSummary } from './merge-summary.ts';

function figureLines({ dimensions, figures }: MergeSummary): string[] {
  const { narrow, usual, wide } = dimensions;
  const names: Readonly<Record<Contender, string>> = {
    narrow: `merge, SCD_TYPE_1, ${narrow} dimensions`,
    usual: `merge, SCD_TYPE_1, ${usual} dimensions`,
    wide: `merge, SCD_TYPE_1, ${wide} dimensions`,
    rewrite: `DuckDB COPY of the files, ${usual} dimensions`,
    history: `merge, SCD_TYPE_2, ${usual} dimensions`,
  };
  return (Object.entries(names) as [Contender, string][]).map(([contender, name]) => {
    const { seconds, cpuSeconds, peakMegabytes } = figures[contender];
    const columns = [`${seconds.toFixed(2).padStart(7)} s`, `${cpuSeconds.toFixed(2).padStart(7)} s CPU`];
    return `${name.padEnd(42)} ${columns.join(' ')} ${String(peakMegabytes).padStart(6)} MB`;
  });
}

/** What the clock says where others use the machine as well. */
function loadLines({ loadBefore }: MergeSummary): string[] {
  const cores = availableParallelism();
  if (loadBefore < cores / 2) return [];
  return [
    `the machine was busy before (load ${loadBefore.toFixed(1)} on ${cores} cores): the clock favours what uses one core, compare the CPU times`,
  ];
}

export function printMerges(summary: MergeSummary, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const { rows, changed, files, rounds, steps, syncSeconds, ratios, claims } = summary;
  const stepTimes = Object.entries(steps).map(([step, seconds]) => `${step} ${seconds.toFixed(2)} s`);
  const lines = [
    `${changed} changed rows of ${rows}, in ${files} files; medians of ${rounds} round(s), and the most memory of all`,
    '',
    ...figureLines(summary),
    '',
    `steps of the merge: ${stepTimes.join(', ')}`,
    `fsync of the copied files: ${syncSeconds.toFixed(2)} s`,
    ...loadLines(summary),
    ...Object.entries(ratios).map(([name, ratio]) => `${name} = ${ratio}`),
    '',
    ...claimLines(claims),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

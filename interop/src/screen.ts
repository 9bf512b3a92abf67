import type { Comparison } from './compare.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** One line per column; a difference shows both sides below. */
export function showComparisons(title: string, comparisons: readonly Comparison[]): void {
  say(`\n${title}`);
  const width = Math.max(...comparisons.map(({ column }) => column.length));
  for (const { column, readAs, source, lake, passed } of comparisons) {
    say(
      `  ${passed ? 'OK  ' : 'FAIL'}  ${column.padEnd(width)}  ${source}${readAs === '' ? '' : `  ${readAs}`}`,
    );
    if (!passed) say(`        ${'in the lake'.padEnd(width)}  ${lake}`);
  }
}

/** The line CI reads. */
export function showTotals(passed: readonly boolean[]): void {
  const good = passed.filter(Boolean).length;
  say(`\n${good} passed, ${passed.length - good} failed, 0 skipped`);
}

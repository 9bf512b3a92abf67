import type { TableRow } from '../../src/api/answers.ts';
import { count, percent } from '../format.ts';

const PARTS = [
  ['staged', 'done'],
  ['active', 'running'],
  ['failed', 'failed'],
  ['waiting', 'waiting'],
] as const;

/** `812 done, 12 running, 3 failed, 173 waiting of 1,000 pages` */
export function progressWords(pages: TableRow['pages']): string {
  if (pages.total === null) return 'is being planned';
  const parts = PARTS.filter(([part]) => pages[part] > 0).map(
    ([part, word]) => `${count(pages[part])} ${word}`,
  );
  return `${parts.join(', ') || 'nothing to do'} of ${count(pages.total)} pages`;
}

/** Pages done, running, failed and waiting, as one bar. The parts have patterns of their own, for whoever does not see the colours. */
export function ProgressBar({ pages, label }: { pages: TableRow['pages']; label: string }) {
  const total = pages.total ?? 0;
  return (
    <div class="bar" role="img" aria-label={`${label}: ${progressWords(pages)}`} title={progressWords(pages)}>
      {total > 0 &&
        PARTS.map(
          ([part]) =>
            pages[part] > 0 && (
              <span key={part} class={part} style={{ flexGrow: String(pages[part] / total) }} />
            ),
        )}
    </div>
  );
}

export function Progress({ pages, label }: { pages: TableRow['pages']; label: string }) {
  return (
    <div class="progress">
      <ProgressBar pages={pages} label={label} />
      <span class="percent">
        {pages.total === null ? '' : pages.total === 0 ? '100 %' : percent(pages.staged, pages.total)}
      </span>
    </div>
  );
}

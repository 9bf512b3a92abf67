import type { TableRow } from '../../src/api/answers.ts';
import { percent } from '../format.ts';
import { PARTS, progressWords } from './progress-words.ts';

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

import type { TableRow } from '../../src/api/answers.ts';
import { count } from '../format.ts';

/** Parts of a run's pages, and their words, in the order a bar has them. */
export const PARTS = [
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

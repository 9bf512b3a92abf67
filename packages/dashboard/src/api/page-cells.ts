import type { PageCell, PageCells } from './run-answers.ts';
import { ApiError } from './api-error.ts';
import type { PageStates } from './page-states.ts';

const MOST_CELLS = 1000;

function cellOf(from: number, to: number, states: PageStates): PageCell {
  const counts = { staged: 0, active: 0, retrying: 0, failed: 0, waiting: 0 };
  for (let index = from; index <= to; index += 1) counts[states.of(index)] += 1;
  return { from, to, ...counts };
}

/**
 * The pages of a stretch, both ends included, in cells of so many pages that there are no more than 1,000.
 *
 * @throws ApiError 400 for a stretch that begins after its end, or behind the last page.
 */
export function cutCells(states: PageStates, from = 0, to = states.total - 1): PageCells {
  const { total } = states;
  if (total === 0) return { total, from: 0, to: -1, pagesPerCell: 1, cells: [] };
  if (from > to || from >= total) {
    throw new ApiError(
      400,
      'BAD_INPUT',
      `query: there are no pages ${from} to ${to}; the run has 0 to ${total - 1}`,
    );
  }
  const last = Math.min(to, total - 1);
  const pagesPerCell = Math.ceil((last - from + 1) / MOST_CELLS);
  const cells: PageCell[] = [];
  for (let start = from; start <= last; start += pagesPerCell)
    cells.push(cellOf(start, Math.min(last, start + pagesPerCell - 1), states));
  return { total, from, to: last, pagesPerCell, cells };
}

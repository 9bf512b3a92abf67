import { useEffect, useRef } from 'preact/hooks';
import type { PageCell, PageCells, RunDetail } from '../../src/api/run-answers.ts';
import { count, plural } from '../format.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Empty, Problem, Section } from '../parts/section.tsx';
import { navigate, runPath, useQuery, withQuery } from '../router.ts';
import { rangeWords } from './cell-words.ts';
import { PageGrid } from './page-grid.tsx';
import { PagePanel } from './page-panel.tsx';

const LEGEND = [
  ['staged', 'done'],
  ['active', 'running'],
  ['retrying', 'retrying'],
  ['failed', 'failed'],
  ['waiting', 'waiting'],
] as const;

function Legend({ pages }: { pages: RunDetail['pages'] }) {
  return (
    <ul class="cell-legend" aria-label="Pages of the whole run by state">
      {LEGEND.map(([look, word]) => (
        <li key={look}>
          <span class={`cell ${look}`} aria-hidden="true" /> {word} <b>{count(pages[look])}</b>
        </li>
      ))}
    </ul>
  );
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** Pages of the run that are shown: what the address says, so that a link leads to them and Back comes out of them. */
function useStretch(total: number): { stretch: Stretch; page: number | null; isWhole: boolean } {
  const query = useQuery();
  const last = Math.max(total - 1, 0);
  const page = numberOf(query.get('page'));
  const from = Math.min(numberOf(query.get('from')) ?? 0, last);
  const to = Math.max(from, Math.min(numberOf(query.get('to')) ?? last, last));
  return { stretch: { from, to }, page, isWhole: from === 0 && to === last };
}

interface StretchHeadProps extends Stretch {
  readonly answer: PageCells | null;
  readonly isWhole: boolean;
  readonly onWhole: () => void;
}

function StretchHead({ from, to, answer, isWhole, onWhole }: StretchHeadProps) {
  const size = answer?.pagesPerCell ?? 1;
  return (
    <p class="stretch">
      {!isWhole && (
        <>
          <button type="button" class="small" onClick={onWhole}>
            All pages
          </button>{' '}
        </>
      )}
      <span>{rangeWords(from, to)}</span>
      <span class="faint">
        {size > 1 ? `${plural(size, 'page')} a cell; open one to see inside` : 'one page a cell'}
      </span>
    </p>
  );
}

/** The pages of a run: a grid to look over, and what there is to know about one of them. */
export function Pages({ run }: { run: RunDetail }) {
  const total = run.pages.total ?? 0;
  const { stretch, page, isWhole } = useStretch(total);
  const base = runPath(run.runId);
  const path = total === 0 ? null : withQuery(`/api${base}/pages`, { ...stretch });
  const { answer, error } = useAnswer<PageCells>(path, run.atMs);
  const held = useRef(answer);
  useEffect(() => {
    if (answer) held.current = answer;
  }, [answer]);
  const shown = answer ?? held.current; // while another stretch is on its way
  const within = isWhole ? {} : stretch;
  const open = (cell: PageCell): void =>
    navigate(
      withQuery(
        base,
        cell.from === cell.to ? { ...within, page: cell.from } : { from: cell.from, to: cell.to },
      ),
    );
  return (
    <Section
      title="Pages"
      note={run.pages.total === null ? 'being planned' : count(total)}
      tools={total > 0 && <Legend pages={run.pages} />}
    >
      {total === 0 && (
        <Empty>
          {run.pages.total === null
            ? 'The pages are there once the run is planned.'
            : 'The run has no pages: there is nothing to fetch.'}
        </Empty>
      )}
      {error && <Problem text={error.message} />}
      {shown && total > 0 && (
        <div class={page === null ? 'pages' : 'pages with-panel'}>
          <div>
            <StretchHead {...stretch} answer={shown} isWhole={isWhole} onWhole={() => navigate(base)} />
            <div class="grid-box">
              <PageGrid
                answer={shown}
                chosenPage={page}
                onOpen={open}
                onBack={isWhole ? null : () => navigate(base)}
              />
            </div>
          </div>
          {page !== null && (
            <PagePanel
              runId={run.runId}
              index={page}
              version={run.atMs}
              onClose={() => navigate(withQuery(base, within))}
            />
          )}
        </div>
      )}
    </Section>
  );
}

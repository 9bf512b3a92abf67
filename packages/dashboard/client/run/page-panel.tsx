import { useEffect, useRef } from 'preact/hooks';
import type { PageDetail } from '../../src/api/run-answers.ts';
import { bytes, count, duration } from '../format.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Badge } from '../parts/badge.tsx';
import { Facts, type Fact } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, Problem } from '../parts/section.tsx';
import { Ago } from '../parts/time.tsx';
import { runPath } from '../router.ts';
import { PAGE_STATES } from '../words.ts';

const known = (value: number | null, write: (value: number) => string): string | null =>
  value === null ? null : write(value);

function factsOf(page: PageDetail): Fact[] {
  const { timings } = page;
  return [
    ['Reads', page.scan === 'keys' ? 'primary keys, to find rows that are gone' : 'rows'],
    ['Offset', known(page.offset, count)],
    ['Rows asked for', known(page.limit, count)],
    ['Rows staged', known(page.rows, count)],
    ['Volume', known(page.bytes, bytes)],
    ['Attempts', known(page.attempts, count)],
    ['Requests', known(page.requests, count)],
    ['Fetch', timings && duration(timings.fetchMs)],
    ['Transform', timings && duration(timings.transformMs)],
    ['Write', timings && duration(timings.writeMs)],
    ['Staged', page.stagedAtMs === null ? null : <Ago ms={page.stagedAtMs} />],
    ['Worker', page.worker],
  ];
}

interface PagePanelProps {
  readonly runId: string;
  readonly index: number;
  readonly version: unknown;
  readonly onClose: () => void;
}

/** All there is to know about one page. */
export function PagePanel({ runId, index, version, onClose }: PagePanelProps) {
  const { answer: page, error } = useAnswer<PageDetail>(`/api${runPath(runId)}/pages/${index}`, version);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.scrollIntoView({ block: 'nearest' });
  }, [index]);
  return (
    <aside class="panel" aria-labelledby="page-title">
      <div class="panel-head">
        <h3 id="page-title" ref={heading}>
          Page {count(index)}
        </h3>
        {page && <Badge {...PAGE_STATES[page.state]} />}
        <button type="button" class="quiet icon-only" aria-label="Close the page’s details" onClick={onClose}>
          <Icon name="cross" />
        </button>
      </div>
      <div aria-live="polite">
        {error && <Problem text={error.message} />}
        {!page && !error && <Empty>Loading…</Empty>}
        {page?.failure && (
          <div class="failure-words">
            <p>
              <code>{page.failure.code}</code> {page.failure.message}
            </p>
            <p class="hint">{page.failure.hint}</p>
          </div>
        )}
        {page && <Facts facts={factsOf(page)} />}
        {page?.jobUrl && (
          <p>
            <a href={page.jobUrl}>
              The job on Bull Board <Icon name="outside" />
            </a>
          </p>
        )}
      </div>
    </aside>
  );
}

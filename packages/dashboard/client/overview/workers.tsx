import type { WorkerRow } from '../../src/api/answers.ts';
import { bytes, count, plural } from '../format.ts';
import { WorkerBadge } from '../parts/badge.tsx';
import { DataTable, type Column } from '../parts/data-table.tsx';
import { Section } from '../parts/section.tsx';
import { Ago, Elapsed } from '../parts/time.tsx';
import { runPath, withQuery } from '../router.ts';
import { WORKER_STATES } from '../words.ts';

type Work = WorkerRow['work'][number];
const SHOWN = 3;

function Held({ runId, table, page, sinceMs }: Work) {
  return (
    <li>
      <a href={withQuery(runPath(runId), { page })}>
        {table} {page === undefined ? 'commit' : `#${count(page)}`}
      </a>{' '}
      <span class="faint">
        <Elapsed fromMs={sinceMs} toMs={null} />
      </span>
    </li>
  );
}

/** What a worker holds, what it holds longest first. */
function Holds({ work }: { work: readonly Work[] }) {
  if (work.length === 0) return <span class="faint">nothing</span>;
  const sorted = work.toSorted((a, b) => a.sinceMs - b.sinceMs);
  const items = sorted.map((each) => <Held key={`${each.runId} ${each.page ?? ''}`} {...each} />);
  return (
    <div class="holds">
      <ul class="held">{items.slice(0, SHOWN)}</ul>
      {items.length > SHOWN && (
        <details class="more">
          <summary>{count(items.length - SHOWN)} more</summary>
          <ul class="held">{items.slice(SHOWN)}</ul>
        </details>
      )}
    </div>
  );
}

const COLUMNS: readonly Column<WorkerRow>[] = [
  {
    key: 'host',
    head: 'Worker',
    card: 'title',
    sort: ({ host, pid }) => `${host} ${pid}`,
    cell: ({ host, pid, version }) => (
      <>
        <span class="name">{host}</span>
        <div class="faint small-text">
          pid {pid}, version {version}
        </div>
      </>
    ),
  },
  {
    key: 'state',
    head: 'State',
    card: 'state',
    sort: ({ state }) => WORKER_STATES[state].order,
    cell: ({ state, lastBeatMs }) => (
      <>
        <WorkerBadge state={state} />
        {state === 'lost' && (
          <div class="alarm small-text">
            last heard <Ago ms={lastBeatMs} />
          </div>
        )}
      </>
    ),
  },
  { key: 'holds', head: 'Holds', card: 'whole', wide: true, cell: ({ work }) => <Holds work={work} /> },
  {
    key: 'pages',
    head: 'Pages',
    numeric: true,
    sort: ({ pages }) => pages,
    cell: ({ pages }) => count(pages),
  },
  {
    key: 'failures',
    head: 'Failures',
    numeric: true,
    sort: ({ failures }) => failures,
    cell: ({ failures }) => <span class={failures > 0 ? 'alarm' : 'faint'}>{count(failures)}</span>,
  },
  {
    key: 'slots',
    head: 'At a time',
    numeric: true,
    sort: ({ concurrency }) => concurrency,
    cell: ({ concurrency, threads }) => <span title={plural(threads, 'thread')}>{count(concurrency)}</span>,
  },
  {
    key: 'memory',
    head: 'Memory',
    numeric: true,
    sort: ({ rssBytes }) => rssBytes,
    cell: ({ rssBytes }) => bytes(rssBytes),
  },
  {
    key: 'started',
    head: 'Started',
    numeric: true,
    sort: ({ startedAtMs }) => startedAtMs,
    cell: ({ startedAtMs }) => <Ago ms={startedAtMs} />,
  },
];

export function Workers({ workers }: { workers: readonly WorkerRow[] }) {
  return (
    <div id="workers">
      <Section title="Workers" note={count(workers.length)}>
        <DataTable
          caption="workers"
          columns={COLUMNS}
          rows={workers}
          keyOf={({ id }) => id}
          sort={{ key: 'state', descending: false }}
          toneOf={({ state }) => (state === 'lost' ? 'row-bad' : undefined)}
          empty="No worker has told of itself. Start one with lance-worker."
        />
      </Section>
    </div>
  );
}

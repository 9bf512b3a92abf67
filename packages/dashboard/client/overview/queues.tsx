import type { QueueRow } from '../../src/api/answers.ts';
import { count } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import { DataTable, type Column } from '../parts/data-table.tsx';
import { Section } from '../parts/section.tsx';

/** A queue on Bull Board. */
export function queuePath(name: string, status?: string): string {
  return `/queues/queue/offload-${name}${status ? `?status=${status}` : ''}`;
}

function number(key: 'waiting' | 'active' | 'delayed' | 'failed', head: string): Column<QueueRow> {
  return {
    key,
    head,
    numeric: true,
    cell: (row) =>
      row[key] === 0 ? (
        <span class="faint">0</span>
      ) : (
        <a class={key === 'failed' ? 'alarm' : undefined} href={queuePath(row.name, key)}>
          {count(row[key])}
        </a>
      ),
  };
}

const COLUMNS: readonly Column<QueueRow>[] = [
  {
    key: 'name',
    head: 'Queue',
    card: 'title',
    cell: ({ name }) => (
      <a class="name" href={queuePath(name)}>
        {name}
      </a>
    ),
  },
  { key: 'state', head: 'State', cell: ({ paused }) => (paused ? <Badge tone="warn" word="paused" /> : <Badge tone="calm" word="open" />) },
  {
    key: 'waiting',
    head: 'Waiting',
    numeric: true,
    cell: ({ waiting, waitingChildren }) => (
      <>
        {waiting === 0 ? <span class="faint">0</span> : count(waiting)}
        {waitingChildren > 0 && <span class="faint small-text"> + {count(waitingChildren)} for pages</span>}
      </>
    ),
  },
  number('active', 'Active'),
  number('delayed', 'Delayed'),
  number('failed', 'Failed'),
];

export function Queues({ queues }: { queues: readonly QueueRow[] }) {
  return (
    <Section title="Queues">
      <DataTable caption="queues" columns={COLUMNS} rows={queues} keyOf={({ name }) => name} sort={{ key: '', descending: false }} empty="There are no queues yet." />
    </Section>
  );
}

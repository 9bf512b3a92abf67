import { useMemo, useState } from 'preact/hooks';
import type { TableRow } from '../../src/api/answers.ts';
import { byteRate, count, duration, NONE, plural, rowRate } from '../format.ts';
import { RunBadge } from '../parts/badge.tsx';
import { DataTable, type Column } from '../parts/data-table.tsx';
import { Search } from '../parts/fields.tsx';
import { Progress } from '../parts/progress.tsx';
import { Section } from '../parts/section.tsx';
import { Ago } from '../parts/time.tsx';
import { runPath } from '../router.ts';
import { isClosed, RUN_STATES } from '../words.ts';

function TimeLeft({ row }: { row: TableRow }) {
  if (row.finishedAtMs !== null) return <Ago ms={row.finishedAtMs} />;
  return <>{row.remainingMs === null ? NONE : duration(row.remainingMs)}</>;
}

const COLUMNS: readonly Column<TableRow>[] = [
  {
    key: 'table',
    head: 'Table',
    card: 'title',
    sort: ({ table }) => table,
    cell: ({ table, runId }) => (
      <a class="name" href={runPath(runId)}>
        {table}
      </a>
    ),
  },
  {
    key: 'state',
    head: 'State',
    card: 'state',
    sort: ({ state }) => RUN_STATES[state].order,
    cell: ({ state }) => <RunBadge state={state} />,
  },
  {
    key: 'progress',
    head: 'Pages',
    card: 'whole',
    wide: true,
    sort: ({ pages }) => (pages.total ? pages.staged / pages.total : null),
    cell: ({ pages, table }) => <Progress pages={pages} label={table} />,
  },
  {
    key: 'failed',
    head: 'Failed',
    numeric: true,
    sort: ({ pages }) => pages.failed,
    cell: ({ pages, runId }) =>
      pages.failed > 0 ? (
        <a class="alarm" href={`/failures?runId=${encodeURIComponent(runId)}`}>
          {count(pages.failed)}
        </a>
      ) : (
        <span class="faint">0</span>
      ),
  },
  { key: 'rows', head: 'Rows', numeric: true, sort: ({ rows }) => rows, cell: ({ rows }) => count(rows) },
  {
    key: 'expected',
    head: 'Of',
    numeric: true,
    sort: ({ expectedRows }) => expectedRows,
    cell: ({ expectedRows }) => count(expectedRows),
  },
  {
    key: 'rate',
    head: 'Rate',
    numeric: true,
    sort: ({ rowsPerSecond }) => rowsPerSecond,
    cell: ({ rowsPerSecond, state }) =>
      isClosed(state) ? <span class="faint">{NONE}</span> : rowRate(rowsPerSecond),
  },
  {
    key: 'volume',
    head: 'Volume',
    numeric: true,
    sort: ({ bytesPerSecond }) => bytesPerSecond,
    cell: ({ bytesPerSecond, state }) =>
      isClosed(state) ? <span class="faint">{NONE}</span> : byteRate(bytesPerSecond),
  },
  {
    key: 'left',
    head: 'Time left',
    numeric: true,
    sort: ({ remainingMs }) => remainingMs,
    cell: (row) => <TimeLeft row={row} />,
  },
];

/** Every table with a run that is open, or was the last of the day. */
export function Tables({ tables }: { tables: readonly TableRow[] }) {
  const [filter, setFilter] = useState('');
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return wanted === ''
      ? tables
      : tables.filter(({ table, state }) => table.toLowerCase().includes(wanted) || state === wanted);
  }, [tables, filter]);
  const open = tables.filter(({ state }) => !isClosed(state)).length;
  return (
    <div id="tables">
      <Section
        title="Tables"
        note={`${plural(tables.length, 'table')}, ${count(open)} under way`}
        tools={tables.length > 0 && <Search label="Filter tables" value={filter} onValue={setFilter} />}
      >
        <DataTable
          caption="tables"
          columns={COLUMNS}
          rows={shown}
          keyOf={({ table }) => table}
          sort={{ key: 'state', descending: false }}
          empty={
            filter
              ? `No table matches “${filter}”.`
              : 'No table was offloaded in the last day. Start one with lance-offload run.'
          }
        />
      </Section>
    </div>
  );
}

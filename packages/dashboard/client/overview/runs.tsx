import { useMemo, useState } from 'preact/hooks';
import type { RunRow, RunState } from '../../src/api/answers.ts';
import { count, NONE } from '../format.ts';
import { RunBadge } from '../parts/badge.tsx';
import { DataTable, type Column } from '../parts/data-table.tsx';
import { Search, Select } from '../parts/fields.tsx';
import { Icon } from '../parts/icon.tsx';
import { Section } from '../parts/section.tsx';
import { Elapsed, Moment } from '../parts/time.tsx';
import { runPath } from '../router.ts';
import { modeWord, RUN_STATES } from '../words.ts';

function Verified({ verified }: { verified: boolean | null }) {
  if (verified === null) return <span class="faint">{NONE}</span>;
  return verified ? (
    <span class="yes">
      <Icon name="check" /> verified
    </span>
  ) : (
    <span class="alarm">
      <Icon name="cross" /> not verified
    </span>
  );
}

const COLUMNS: readonly Column<RunRow>[] = [
  {
    key: 'table',
    head: 'Table',
    card: 'title',
    sort: ({ table }) => table,
    cell: ({ table, runId }) => (
      <a class="name" href={runPath(runId)} title={runId}>
        {table}
      </a>
    ),
  },
  {
    key: 'started',
    head: 'Started',
    numeric: true,
    sort: ({ startedAtMs }) => startedAtMs,
    cell: ({ startedAtMs }) => <Moment ms={startedAtMs} />,
  },
  {
    key: 'state',
    head: 'State',
    card: 'state',
    sort: ({ state }) => RUN_STATES[state].order,
    cell: ({ state }) => <RunBadge state={state} />,
  },
  {
    key: 'mode',
    head: 'Mode',
    sort: ({ ingestionType }) => ingestionType,
    cell: ({ ingestionType }) => modeWord(ingestionType),
  },
  { key: 'rows', head: 'Rows', numeric: true, sort: ({ rows }) => rows, cell: ({ rows }) => count(rows) },
  {
    key: 'duration',
    head: 'Took',
    numeric: true,
    sort: ({ startedAtMs, finishedAtMs }) => (finishedAtMs === null ? null : finishedAtMs - startedAtMs),
    cell: ({ startedAtMs, finishedAtMs }) => <Elapsed fromMs={startedAtMs} toMs={finishedAtMs} />,
  },
  {
    key: 'delta',
    head: 'Delta version',
    numeric: true,
    sort: ({ deltaVersion }) => deltaVersion,
    cell: ({ deltaVersion }) => count(deltaVersion),
  },
  { key: 'verified', head: 'Audit', cell: ({ verified }) => <Verified verified={verified} /> },
];

const STATES = [
  ['', 'All states'],
  ...Object.entries(RUN_STATES).map(([state, { word }]) => [state, word] as const),
] as const;

/** Runs of the last day. */
export function Runs({ runs, total }: { runs: readonly RunRow[]; total: number }) {
  const [state, setState] = useState('');
  const [filter, setFilter] = useState('');
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return runs.filter(
      (run) =>
        (state === '' || run.state === (state as RunState)) &&
        `${run.table} ${run.runId}`.toLowerCase().includes(wanted),
    );
  }, [runs, state, filter]);
  return (
    <Section
      title="Runs"
      note={
        total > runs.length
          ? `the newest ${count(runs.length)} of ${count(total)} of the last day`
          : `${count(total)} in the last day`
      }
      tools={
        runs.length > 0 && (
          <>
            <Select label="State of runs" value={state} onValue={setState} options={STATES} />
            <Search label="Filter runs" value={filter} onValue={setFilter} />
          </>
        )
      }
    >
      <DataTable
        caption="runs"
        columns={COLUMNS}
        rows={shown}
        keyOf={({ runId }) => runId}
        sort={{ key: 'started', descending: true }}
        empty={runs.length === 0 ? 'No run in the last day.' : 'No run matches.'}
      />
    </Section>
  );
}

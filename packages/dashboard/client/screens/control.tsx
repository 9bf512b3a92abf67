import { useState } from 'preact/hooks';
import type { Interventions, Control } from '../../src/api/answers.ts';
import { count, figure } from '../format.ts';
import { fleet } from '../live/fleet.ts';
import { useAnswer } from '../live/use-answer.ts';
import { ChangeButton, make } from '../parts/change-button.tsx';
import { DataTable, type Column } from '../parts/data-table.tsx';
import { Search } from '../parts/fields.tsx';
import { Empty, Problem, Section } from '../parts/section.tsx';
import { Moment } from '../parts/time.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { runPath, useHeading } from '../router.ts';
import { useMayChange } from '../session.ts';
import { useStore } from '../store.ts';

const PAUSE_FLEET = {
  title: 'Pause the whole fleet?',
  text: 'No worker starts a further page, plan or commit, on any table. Pages that are under way are finished. Everything goes on where it stopped once you resume.',
  confirm: 'Pause the fleet',
};

interface ChangesProps {
  readonly control: Control;
  readonly onDone: () => void;
}

function FleetSwitch({ control: { fleetPaused }, onDone }: ChangesProps) {
  return (
    <Section title="Fleet">
      <p class={fleetPaused ? 'switch paused' : 'switch'}>
        <span class="badge-text">
          {fleetPaused
            ? 'The whole fleet is paused: no page is started.'
            : 'The fleet takes work as it comes.'}
        </span>
        {fleetPaused ? (
          <ChangeButton
            label="Resume the fleet"
            icon="play"
            kind="primary"
            path="/api/control/resume"
            body={{ scope: 'fleet' }}
            onDone={onDone}
          />
        ) : (
          <ChangeButton
            label="Pause the fleet…"
            icon="pause"
            kind="danger"
            path="/api/control/pause"
            body={{ scope: 'fleet' }}
            question={PAUSE_FLEET}
            onDone={onDone}
          />
        )}
      </p>
    </Section>
  );
}

function PauseTable({ tables, onDone }: { tables: readonly string[]; onDone: () => void }) {
  const [name, setName] = useState('');
  const pause = async (): Promise<void> => {
    if (!(await make('/api/control/pause', { scope: 'table', name: name.trim() }))) return;
    setName('');
    onDone();
  };
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') void pause();
      }}
    >
      <Search label="Table to pause" value={name} onValue={setName} list={tables} />
      <button type="submit">Pause table</button>
    </form>
  );
}

function Paused({ control, tables, onDone }: ChangesProps & { readonly tables: readonly string[] }) {
  const mayChange = useMayChange();
  const held = [
    ...control.pausedTables.map((name) => ({ scope: 'table', name, link: null }) as const),
    ...control.pausedRuns.map((name) => ({ scope: 'run', name, link: runPath(name) }) as const),
  ];
  return (
    <Section title="Paused tables and runs" note={held.length > 0 ? count(held.length) : undefined}>
      {held.length === 0 && <Empty>No table and no run is paused.</Empty>}
      <ul class="held-list">
        {held.map(({ scope, name, link }) => (
          <li key={`${scope} ${name}`}>
            <span class="faint">{scope}</span> {link ? <a href={link}>{name}</a> : <span>{name}</span>}
            <ChangeButton
              label="Resume"
              icon="play"
              kind="small"
              name={`Resume ${scope} ${name}`}
              path="/api/control/resume"
              body={{ scope, name }}
              onDone={onDone}
            />
          </li>
        ))}
      </ul>
      {mayChange && (
        <PauseTable
          tables={tables.filter((table) => !control.pausedTables.includes(table))}
          onDone={onDone}
        />
      )}
    </Section>
  );
}

interface LimitProps {
  readonly label: string;
  readonly help: string;
  readonly name: 'concurrency' | 'requestsPerSecond';
  readonly value: number | null;
  readonly step: string;
  readonly onDone: () => void;
}

function Limit({ label, help, name, value, step, onDone }: LimitProps) {
  const mayChange = useMayChange();
  const [text, setText] = useState('');
  const set = async (): Promise<void> => {
    if (!(await make('/api/control/limits', { [name]: Number(text) }))) return;
    setText('');
    onDone();
  };
  return (
    <div class="limit">
      <h3>{label}</h3>
      <p class="limit-value">{value === null ? 'no limit' : figure(value)}</p>
      <p class="hint">{help}</p>
      {mayChange && (
        <form
          class="inline-form"
          onSubmit={(event) => {
            event.preventDefault();
            void set();
          }}
        >
          <input
            type="number"
            required
            min={step === '1' ? '1' : '0.1'}
            step={step}
            aria-label={`New limit: ${label}`}
            placeholder="new limit"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit">Set</button>
          {value !== null && (
            <ChangeButton
              label="Lift"
              name={`Lift the limit: ${label}`}
              path="/api/control/limits"
              body={{ [name]: null }}
              onDone={onDone}
            />
          )}
        </form>
      )}
    </div>
  );
}

type Intervention = Interventions['actions'][number];

const COLUMNS: readonly Column<Intervention>[] = [
  { key: 'at', head: 'When', cell: ({ atMs }) => <Moment ms={atMs} /> },
  { key: 'actor', head: 'Who', cell: ({ actor }) => actor },
  { key: 'action', head: 'Did', card: 'title', cell: ({ action }) => <span class="name">{action}</span> },
  { key: 'target', head: 'To', cell: ({ target }) => <span class="break">{target}</span> },
  { key: 'outcome', head: 'Outcome', card: 'whole', cell: ({ outcome }) => outcome },
];

function InterventionLog({ version }: { version: unknown }) {
  const { answer, error } = useAnswer<Interventions>('/api/actions', version);
  return (
    <Section title="Who did what" note="the newest first">
      {error && <Problem text={error.message} />}
      {answer && (
        <DataTable
          caption="interventions"
          columns={COLUMNS}
          rows={answer.actions}
          keyOf={({ atMs, actor, action, target }) => `${atMs} ${actor} ${action} ${target}`}
          sort={{ key: '', descending: false }}
          empty="Nobody has changed anything yet."
        />
      )}
    </Section>
  );
}

export function ControlScreen() {
  const heading = useHeading('Control');
  const control = useStore(fleet, ({ overview }) => overview?.control ?? null);
  const tables = useStore(fleet, ({ overview }) => overview?.tables ?? null);
  const mayChange = useMayChange();
  const [changes, setChanges] = useState(0);
  const onDone = (): void => setChanges((times) => times + 1);
  return (
    <>
      <div class="screen-head">
        <h1 ref={heading} tabIndex={-1}>
          Control
        </h1>
        {!mayChange && <span class="note">You look on; changes need the role operator.</span>}
      </div>
      {control ? (
        <div class="columns">
          <div>
            <FleetSwitch control={control} onDone={onDone} />
            <Paused control={control} tables={(tables ?? []).map(({ table }) => table)} onDone={onDone} />
          </div>
          <Section title="Limits of the whole fleet">
            <Limit
              label="Pages at a time"
              help="Over all workers together, whatever each of them could take."
              name="concurrency"
              value={control.concurrency}
              step="1"
              onDone={onDone}
            />
            <Limit
              label="Requests per second"
              help="To the source, over all workers together."
              name="requestsPerSecond"
              value={control.requestsPerSecond}
              step="any"
              onDone={onDone}
            />
          </Section>
        </div>
      ) : (
        <Waiting />
      )}
      <InterventionLog version={`${changes} ${JSON.stringify(control)}`} />
    </>
  );
}

import { useMemo } from 'preact/hooks';
import type { Failures, FailureGroup } from '../../src/api/answers.ts';
import { Group } from '../failures/group.tsx';
import { Retries } from '../failures/progress.tsx';
import { RetryButton } from '../failures/retry.tsx';
import { plural } from '../format.ts';
import { useAnswer } from '../live/use-answer.ts';
import { useTopic } from '../live/use-topic.ts';
import { Search, Select } from '../parts/fields.tsx';
import { Icon } from '../parts/icon.tsx';
import { Problem } from '../parts/section.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { navigate, useHeading, useQuery, withQuery } from '../router.ts';

interface Chosen {
  readonly code: string | undefined;
  readonly table: string | undefined;
  readonly runId: string | undefined;
}

function useChosen(): Chosen {
  const query = useQuery();
  const of = (name: string): string | undefined => query.get(name) ?? undefined;
  return { code: of('code'), table: of('table'), runId: of('runId') };
}

function choose(chosen: Chosen, change: Partial<Chosen>): void {
  navigate(withQuery('/failures', { ...chosen, ...change }), { replace: true });
}

function namesOf(
  groups: readonly FailureGroup[],
  key: 'code' | 'table',
  chosen: string | undefined,
): string[] {
  const names = new Set(groups.map((group) => group[key]));
  if (chosen !== undefined) names.add(chosen);
  return [...names].toSorted();
}

function Filters({ groups, chosen }: { groups: readonly FailureGroup[]; chosen: Chosen }) {
  const options = (key: 'code' | 'table', all: string): (readonly [string, string])[] => [
    ['', all],
    ...namesOf(groups, key, chosen[key]).map((name) => [name, name] as const),
  ];
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filter failures"
      onSubmit={(event) => event.preventDefault()}
    >
      <Select
        label="Error code"
        value={chosen.code ?? ''}
        onValue={(code) => choose(chosen, { code })}
        options={options('code', 'All codes')}
      />
      <Select
        label="Table"
        value={chosen.table ?? ''}
        onValue={(table) => choose(chosen, { table })}
        options={options('table', 'All tables')}
      />
      <Search
        label="Run id"
        value={chosen.runId ?? ''}
        onValue={(runId) => choose(chosen, { runId })}
        list={[...new Set(groups.flatMap(({ runs }) => runs))]}
      />
    </form>
  );
}

function NothingFailed({ isFiltered }: { isFiltered: boolean }) {
  return (
    <div class="all-clear">
      <Icon name="check" />
      <p>{isFiltered ? 'No failure matches the filter.' : 'Nothing has failed.'}</p>
      {isFiltered && <a href="/failures">Show all failures</a>}
    </div>
  );
}

/** The unfiltered list comes by itself; a filtered one is asked for again whenever that changes. */
function useFailures(chosen: Chosen) {
  const { data: all, error } = useTopic<Failures>('/api/failures', '/api/events?topic=failures', 'failures');
  const isFiltered = Object.values(chosen).some((value) => value !== undefined);
  const filtered = useAnswer<Failures>(isFiltered ? withQuery('/api/failures', { ...chosen }) : null, all);
  return {
    all,
    shown: isFiltered ? filtered.answer : all,
    error: isFiltered ? filtered.error : error,
    isFiltered,
  };
}

export function FailuresScreen() {
  const chosen = useChosen();
  const { all, shown, error, isFiltered } = useFailures(chosen);
  const total = all?.total ?? 0;
  const heading = useHeading('Failures', total > 0 ? `(${total}) ` : '');
  const filter = useMemo(
    () => Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)),
    [chosen.code, chosen.table, chosen.runId],
  );
  return (
    <>
      <div class="screen-head">
        <h1 ref={heading} tabIndex={-1}>
          Failures
        </h1>
        {shown && (
          <span class="note" role="status">
            {isFiltered ? `${plural(shown.total, 'failure')} match` : plural(shown.total, 'failure')}
          </span>
        )}
        {shown && shown.total > 1 && (
          <div class="buttons">
            <RetryButton
              label={isFiltered ? `Retry all that match` : 'Retry all'}
              kind="primary"
              filter={filter}
              total={shown.total}
            />
          </div>
        )}
      </div>
      {(total > 0 || isFiltered) && <Filters groups={all?.groups ?? []} chosen={chosen} />}
      {shown && <Retries retries={shown.retries} />}
      {error && !shown && <Problem text={error.message} />}
      {!shown && !error && <Waiting />}
      {shown && shown.groups.length === 0 && <NothingFailed isFiltered={isFiltered} />}
      <div class="groups">
        {shown?.groups.map((group) => (
          <Group
            key={`${group.code} ${group.table} ${group.step}`}
            group={group}
            runId={chosen.runId}
            version={shown.atMs}
          />
        ))}
      </div>
    </>
  );
}

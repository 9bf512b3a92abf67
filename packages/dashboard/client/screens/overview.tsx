import type { Overview } from '../../src/api/answers.ts';
import { attentionOf } from '../overview/attention.ts';
import { Charts } from '../overview/charts.tsx';
import { Figures } from '../overview/figures.tsx';
import { Queues } from '../overview/queues.tsx';
import { Runs } from '../overview/runs.tsx';
import { Tables } from '../overview/tables.tsx';
import { Workers } from '../overview/workers.tsx';
import { Icon } from '../parts/icon.tsx';
import { Waiting } from '../parts/waiting.tsx';
import { fleet } from '../live/fleet.ts';
import { useHeading } from '../router.ts';
import { useStore } from '../store.ts';

/** What needs a look, in one line; nothing where all is well. */
function AttentionLine({ overview }: { overview: Overview }) {
  const found = attentionOf(overview);
  return (
    <ul class="attention" aria-label="Needs attention">
      {found.length === 0 && (
        <li class="fine">
          <Icon name="check" /> All is well
        </li>
      )}
      {found.map(({ tone, text, href }) => (
        <li key={text} class={tone}>
          <a href={href}>
            <Icon name={tone === 'bad' ? 'alert' : 'pause'} /> {text}
          </a>
        </li>
      ))}
    </ul>
  );
}

export function OverviewScreen() {
  const overview = useStore(fleet, (state) => state.overview);
  const failures = overview?.fleet.failures ?? 0;
  const heading = useHeading('Overview', failures > 0 ? `(${failures}) ` : '');
  return (
    <>
      <div class="screen-head">
        <h1 ref={heading} tabIndex={-1}>
          Overview
        </h1>
        {overview && <AttentionLine overview={overview} />}
      </div>
      {overview ? (
        <>
          <Figures fleet={overview.fleet} />
          <Charts points={overview.points} />
          <Tables tables={overview.tables} />
          <Queues queues={overview.queues} />
          <Workers workers={overview.workers} />
          <Runs runs={overview.runs} total={overview.runsTotal} />
        </>
      ) : (
        <Waiting />
      )}
    </>
  );
}

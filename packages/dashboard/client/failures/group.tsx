import { useId, useState } from 'preact/hooks';
import type { FailureGroup } from '../../src/api/answers.ts';
import { count, plural } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { Ago } from '../parts/time.tsx';
import { runPath } from '../router.ts';
import { Jobs } from './jobs.tsx';
import { RetryButton } from './retry.tsx';

const RUNS_SHOWN = 3;

function attemptsWords({ minAttempts, maxAttempts }: FailureGroup): string {
  return minAttempts === maxAttempts
    ? plural(minAttempts, 'attempt')
    : `${count(minAttempts)}–${count(maxAttempts)} attempts`;
}

function RunLinks({ runs }: { runs: readonly string[] }) {
  return (
    <span class="runs">
      {runs.slice(0, RUNS_SHOWN).map((runId) => (
        <a key={runId} class="id" href={runPath(runId)}>
          {runId}
        </a>
      ))}
      {runs.length > RUNS_SHOWN && <span>and {plural(runs.length - RUNS_SHOWN, 'run')} more</span>}
    </span>
  );
}

interface GroupProps {
  readonly group: FailureGroup;
  readonly runId: string | undefined;
  readonly version: unknown;
}

/** Failures of one code and table: what happened, what to do, and the single ones. */
export function Group({ group, runId, version }: GroupProps) {
  const { code, table, step, hint, message, count: total, firstSeenMs, lastSeenMs, runs } = group;
  const [open, setOpen] = useState(false);
  const id = useId();
  const filter = { code, table, step, ...(runId !== undefined && { runId }) };
  return (
    <article class="group" aria-labelledby={id}>
      <div class="group-head">
        <h2 id={id}>
          <code>{code}</code> <span class="of">in</span> {table}
        </h2>
        <span class="group-count">{plural(total, step === 'page' ? 'page' : step)}</span>
        <div class="buttons">
          <RetryButton
            label={total === 1 ? 'Retry' : `Retry ${count(total)}`}
            name={`Retry ${plural(total, 'failure')} ${code} in ${table}`}
            filter={filter}
            total={total}
            hint={hint}
          />
        </div>
      </div>
      <p class="words">{message}</p>
      <p class="hint">
        <b>What to do:</b> {hint}
      </p>
      <p class="group-facts">
        <span>{attemptsWords(group)}</span>
        <span>
          first <Ago ms={firstSeenMs} />
        </span>
        <span>
          last <Ago ms={lastSeenMs} />
        </span>
        <RunLinks runs={runs} />
      </p>
      <button type="button" class="quiet disclose" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? 'down' : 'right'} />
        {open ? 'Hide' : 'Show'} the single failures
        <span class="sr-only">
          {' '}
          of {code} in {table}
        </span>
      </button>
      {open && <Jobs filter={filter} known={message} version={version} />}
    </article>
  );
}

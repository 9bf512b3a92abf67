import type { RunDetail } from '../../src/api/run-answers.ts';
import { byteRate, count, duration, percent, plural, rowRate } from '../format.ts';
import { RunBadge } from '../parts/badge.tsx';
import { ChangeButton } from '../parts/change-button.tsx';
import { Icon } from '../parts/icon.tsx';
import { ProgressBar } from '../parts/progress.tsx';
import { progressWords } from '../parts/progress-words.ts';
import { Elapsed, Moment } from '../parts/time.tsx';
import { runPath, useHeading, withQuery } from '../router.ts';
import { isClosed, modeWord } from '../words.ts';

/** What may be done with a run that is not closed. */
function Commands({ run }: { run: RunDetail }) {
  if (isClosed(run.state)) return null;
  const api = `/api${runPath(run.runId)}`;
  const scope = { scope: 'run', name: run.runId };
  const { failedPages: failed, waysOut } = run;
  const isRetried = failed > 0 || waysOut.some(({ command }) => command.startsWith('lance-offload retry '));
  return (
    <div class="buttons">
      {isRetried && (
        <ChangeButton
          label={failed > 0 ? `Retry ${plural(failed, 'failed page')}` : 'Retry'}
          icon="retry"
          kind="primary"
          path={`${api}/retry`}
        />
      )}
      {run.pausedBy === 'run' ? (
        <ChangeButton label="Resume" icon="play" path="/api/control/resume" body={scope} />
      ) : (
        <ChangeButton
          label="Pause"
          icon="pause"
          path="/api/control/pause"
          body={scope}
          question={{
            title: 'Pause this run?',
            text: (
              <p>
                No further page of it is started. Pages that are under way are finished. Nothing is lost, and
                it goes on where it stopped once you resume it.
              </p>
            ),
            confirm: 'Pause the run',
          }}
        />
      )}
      <ChangeButton
        label="Cancel run…"
        icon="stop"
        kind="danger"
        path={`${api}/cancel`}
        question={{
          title: `Cancel the run of ${run.table}?`,
          text: (
            <>
              <p>
                The run ends without a commit: the {plural(run.pages.staged, 'page')} it has staged (
                {plural(run.rows, 'row')}) are thrown away, and the lake stays as it is.
              </p>
              <p>This cannot be undone. The next run of the table starts from the beginning.</p>
            </>
          ),
          confirm: 'Cancel the run',
        }}
      />
    </div>
  );
}

const PAUSED_BY = {
  fleet: 'The whole fleet is paused.',
  table: 'The table is paused.',
  run: 'The run is paused.',
} as const;

/** What failed, in the words of the newest failure of each kind. */
function Causes({ groups }: { groups: RunDetail['failures'] }) {
  return (
    <ul class="causes">
      {groups.map(({ code, table, runs, count: total, message, hint }) => (
        <li key={code}>
          <a href={withQuery('/failures', { code, table, runId: runs.length === 1 ? runs[0] : null })}>
            {count(total)} × <code>{code}</code>
          </a>
          <p class="words">{message}</p>
          <p class="hint">{hint}</p>
        </li>
      ))}
    </ul>
  );
}

/** The commands that move the run on. */
function WaysOut({ waysOut }: Pick<RunDetail, 'waysOut'>) {
  if (waysOut.length === 0) return null;
  return (
    <ul class="causes ways-out" aria-label="Ways out">
      {waysOut.map(({ command, does }) => (
        <li key={command}>
          <code>{command}</code> {does}
        </li>
      ))}
    </ul>
  );
}

/** What holds the run back, and where to do something about it. */
function HeldBack({ run }: { run: RunDetail }) {
  const { blockedBy, pausedBy, failedPages, runId } = run;
  if (blockedBy === null && pausedBy === null) return null;
  return (
    <div class={`held-back ${blockedBy === null ? 'warn' : 'bad'}`}>
      <Icon name={blockedBy === null ? 'pause' : 'alert'} />
      <p>
        {blockedBy} {pausedBy && PAUSED_BY[pausedBy]}{' '}
        {failedPages > 0 && (
          <a href={withQuery('/failures', { runId })}>
            Look at {failedPages === 1 ? 'the failure' : 'the failures'}
          </a>
        )}
        {(pausedBy === 'fleet' || pausedBy === 'table') && <a href="/control">Go to Control</a>}
      </p>
    </div>
  );
}

function expectation(run: RunDetail): string {
  return run.expectedRows === null
    ? ''
    : ` of ${count(run.expectedRows)} rows, ${percent(run.rows, run.expectedRows)}`;
}

function Standing({ run }: { run: RunDetail }) {
  if (run.pages.total === null) return null; // while it is planned there is nothing to count
  const isOpen = !isClosed(run.state);
  return (
    <div class="standing">
      <ProgressBar pages={run.pages} label={run.table} />
      <p>
        <span>
          <b>{count(run.rows)}</b>
          {expectation(run)}
        </span>
        <span>{progressWords(run.pages)}</span>
        {isOpen && (
          <span>
            <b>{rowRate(run.rowsPerSecond)}</b>, {byteRate(run.bytesPerSecond)}
          </span>
        )}
        {isOpen && run.remainingMs !== null && (
          <span>
            <b>{duration(run.remainingMs)}</b> left
          </span>
        )}
        {run.step && <span>commit: {run.step}</span>}
      </p>
    </div>
  );
}

export function RunHead({ run }: { run: RunDetail }) {
  const heading = useHeading(`${run.table} ${run.state}`);
  return (
    <>
      <p class="crumbs">
        <a href="/">Overview</a> <span aria-hidden="true">/</span> <span class="id">{run.runId}</span>
      </p>
      <div class="screen-head">
        <h1 ref={heading} tabIndex={-1}>
          {run.table}
        </h1>
        <RunBadge state={run.state} />
        <span class="note">
          {modeWord(run.ingestionType)}, into {run.destination}, started <Moment ms={run.startedAtMs} />,{' '}
          {run.finishedAtMs === null ? 'for' : 'took'}{' '}
          <Elapsed fromMs={run.startedAtMs} toMs={run.finishedAtMs} />
        </span>
        <Commands run={run} />
      </div>
      <HeldBack run={run} />
      <WaysOut waysOut={run.waysOut} />
      {run.failures.length > 0 && <Causes groups={run.failures} />}
      <Standing run={run} />
    </>
  );
}

import type { RunDetail } from '../../src/api/run-answers.ts';
import { count, timeOfDay } from '../format.ts';
import { Empty, Section } from '../parts/section.tsx';
import { runPath, withQuery } from '../router.ts';

type LineProps = RunDetail['log'][number] & { readonly runId: string };

function Line({ atMs, level, text, page, code, from, runId }: LineProps) {
  return (
    <li class={level}>
      <time dateTime={new Date(atMs).toISOString()}>{timeOfDay(atMs)}</time>
      <span class="level">{level}</span>
      <span class="text">
        {page !== undefined && <a href={withQuery(runPath(runId), { page })}>page {count(page)}</a>}{' '}
        {code && <code>{code}</code>} {text} <span class="faint">{from}</span>
      </span>
    </li>
  );
}

export function Log({ run }: { run: RunDetail }) {
  return (
    <Section title="Log" note="the newest first">
      {run.log.length === 0 ? (
        <Empty>Nothing was logged yet.</Empty>
      ) : (
        // A region that scrolls has to be reachable with the keyboard.
        <div class="scroll log-box" role="region" aria-label="Log of the run" tabIndex={0}>
          <ol class="log">
            {run.log.map((line, index) => (
              <Line key={`${line.atMs} ${run.log.length - index}`} runId={run.runId} {...line} />
            ))}
          </ol>
        </div>
      )}
    </Section>
  );
}

import type { FailureFilter, RetryProgress } from '../../src/api/answers.ts';
import { count, figure, percent } from '../format.ts';
import { ChangeButton } from '../parts/change-button.tsx';
import { Section } from '../parts/section.tsx';
import { Ago } from '../parts/time.tsx';

/** What a retry was asked for: `SOURCE_SHORT in documents`. */
export function filterWords({ code, table, runId, step, jobIds }: FailureFilter): string {
  const words = [
    code ?? 'all failures',
    table && `in ${table}`,
    runId && `of run ${runId}`,
    step && `at the ${step} step`,
  ];
  if (jobIds) words.push(`(${count(jobIds.length)} chosen)`);
  return words.filter(Boolean).join(' ');
}

/** Retries that are staggered and still under way. */
export function Retries({ retries }: { retries: readonly RetryProgress[] }) {
  if (retries.length === 0) return null;
  return (
    <Section title="Retries under way">
      <ul class="retries">
        {retries.map(({ id, filter, matched, retried, perSecond, by, startedAtMs }) => (
          <li key={id}>
            <div>
              <b>{filterWords(filter)}</b>{' '}
              <span class="faint">
                {perSecond === null ? 'all at once' : `${figure(perSecond)} per second`}, by {by},{' '}
                <Ago ms={startedAtMs} />
              </span>
            </div>
            <progress
              max={Math.max(matched, 1)}
              value={retried}
              aria-label={`Retry of ${filterWords(filter)}`}
            />
            <span class="numeric">
              {count(retried)} of {count(matched)}, {percent(retried, matched)}
            </span>
            <ChangeButton
              label="Stop"
              icon="stop"
              kind="small"
              name={`Stop the retry of ${filterWords(filter)}`}
              path={`/api/retries/${encodeURIComponent(id)}/stop`}
            />
          </li>
        ))}
      </ul>
    </Section>
  );
}

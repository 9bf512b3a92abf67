import type { RetryProgress } from '../../src/api/answers.ts';
import { count, figure, percent } from '../format.ts';
import { filterWords } from './filter-words.ts';
import { ChangeButton } from '../parts/change-button.tsx';
import { Section } from '../parts/section.tsx';
import { Ago } from '../parts/time.tsx';

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

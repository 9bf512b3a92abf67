import { useState } from 'preact/hooks';
import type { FailureFilter, RetryAnswer } from '../../src/api/answers.ts';
import { count, duration, plural } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { tell } from '../parts/toasts.tsx';
import { change, wordsOf } from '../request.ts';
import { useMayChange } from '../session.ts';

/** How a retry ended, or goes on, in a sentence. */
function retryWords({ matched, retried, retryId }: RetryAnswer): string {
  if (matched === 0) return 'Nothing was retried: no failure matches any more.';
  if (retryId !== null && retried < matched)
    return `Retrying ${plural(matched, 'failure')} bit by bit; the progress is above the list.`;
  return retried < matched
    ? `Retried ${count(retried)} of ${plural(matched, 'failure')}.`
    : `Retried ${plural(retried, 'failure')}.`;
}

async function retry(filter: FailureFilter, perSecond: number | null): Promise<void> {
  try {
    const body = perSecond === null ? { filter } : { filter, perSecond };
    const answer = await change<RetryAnswer>('/api/failures/retry', body);
    tell(answer.matched === 0 ? 'failed' : 'done', retryWords(answer));
  } catch (error) {
    tell('failed', wordsOf(error));
  }
}

interface PaceProps {
  readonly perSecond: number | null;
  readonly total: number;
  readonly onPace: (perSecond: number | null) => void;
}

/** All at once, or so many a second. */
function Pace({ perSecond, total, onPace }: PaceProps) {
  return (
    <fieldset>
      <legend>Pace</legend>
      <label class="choice">
        <input type="radio" name="pace" checked={perSecond === null} onChange={() => onPace(null)} /> All at
        once
      </label>
      <label class="choice">
        <input type="radio" name="pace" checked={perSecond !== null} onChange={() => onPace(5)} /> Staggered
      </label>
      {perSecond !== null && (
        <label class="choice inset">
          <input
            type="number"
            min="0.1"
            max="1000"
            step="any"
            required
            value={perSecond}
            onInput={({ currentTarget: { valueAsNumber } }) =>
              onPace(Number.isNaN(valueAsNumber) ? 1 : valueAsNumber)
            }
          />{' '}
          per second <span class="faint">takes {duration((total / Math.max(perSecond, 0.1)) * 1000)}</span>
        </label>
      )}
    </fieldset>
  );
}

interface RetryButtonProps {
  readonly label: string;
  readonly name?: string;
  readonly filter: FailureFilter;
  readonly total: number;
  readonly kind?: 'primary' | 'small';
  /** The cause, in the words of its hint. */
  readonly hint?: string;
}

/** Retries what the filter chooses, after a question about the pace where it is more than one. */
export function RetryButton({ label, name, filter, total, kind, hint }: RetryButtonProps) {
  const mayChange = useMayChange();
  const [asks, setAsks] = useState(false);
  const [perSecond, setPerSecond] = useState<number | null>(null);
  if (!mayChange) return null;
  return (
    <>
      <button
        type="button"
        class={kind}
        aria-label={name}
        onClick={() => (total === 1 ? void retry(filter, null) : setAsks(true))}
      >
        <Icon name="retry" />
        {label}
      </button>
      {asks && (
        <Dialog
          title={`Retry ${plural(total, 'failure')}?`}
          confirm="Retry"
          onConfirm={() => void retry(filter, perSecond)}
          onClose={() => setAsks(false)}
        >
          <p>Each of them gets a fresh set of attempts. What fails again is back in this list.</p>
          {hint && <p class="hint">{hint}</p>}
          <Pace perSecond={perSecond} total={total} onPace={setPerSecond} />
        </Dialog>
      )}
    </>
  );
}

import type { QueueRow } from '../../src/api/answers.ts';
import { count } from '../format.ts';
import { Badge } from '../parts/badge.tsx';
import { Section } from '../parts/section.tsx';

/** A queue on Bull Board, where there is one its jobs of a status. */
function queuePath(name: string, status?: string): string {
  return `/queues/queue/offload-${name}${status ? `?status=${status}` : ''}`;
}

/** Numbers of a queue, and the status Bull Board lists their jobs under. */
const NUMBERS = [
  ['waiting', 'Waiting', 'waiting'],
  ['active', 'Active', 'active'],
  ['delayed', 'Delayed', 'delayed'],
  ['waitingChildren', 'For pages', 'waiting-children'],
  ['failed', 'Failed', 'failed'],
] as const;

function Queue({ queue }: { queue: QueueRow }) {
  const { name, paused } = queue;
  const shown = NUMBERS.filter(([key]) => key !== 'waitingChildren' || name === 'commit');
  return (
    <li class="queue">
      <div class="queue-head">
        <a class="name" href={queuePath(name)}>
          {name}
        </a>
        {paused && <Badge tone="warn" word="paused" />}
      </div>
      <dl>
        {shown.map(([key, word, status]) => (
          <div key={key}>
            <dt>{word}</dt>
            <dd class={queue[key] === 0 ? 'faint' : undefined}>
              {queue[key] === 0 ? (
                0
              ) : (
                <a class={key === 'failed' ? 'alarm' : undefined} href={queuePath(name, status)}>
                  {count(queue[key])}
                </a>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

/** The queues in the order a run passes through them; each leads to Bull Board. */
export function Queues({ queues }: { queues: readonly QueueRow[] }) {
  return (
    <Section title="Queues">
      <ul class="queues">
        {queues.map((queue) => (
          <Queue key={queue.name} queue={queue} />
        ))}
      </ul>
    </Section>
  );
}

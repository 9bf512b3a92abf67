import type { Overview } from '../../src/api/answers.ts';
import { plural } from '../format.ts';
import { runPath } from '../router.ts';

export interface Attention {
  readonly tone: 'bad' | 'warn';
  readonly text: string;
  readonly href: string;
}

/** What somebody should look at, the worst first. */
export function attentionOf({ fleet, control, tables, workers, queues }: Overview): Attention[] {
  const found: Attention[] = [];
  const stuck = tables.filter(({ state }) => state === 'blocked' || state === 'failed');
  if (fleet.failures > 0)
    found.push({ tone: 'bad', text: plural(fleet.failures, 'failure'), href: '/failures' });
  const [only] = stuck;
  if (only && stuck.length === 1)
    found.push({ tone: 'bad', text: `${only.table} is ${only.state}`, href: runPath(only.runId) });
  else if (stuck.length > 1)
    found.push({ tone: 'bad', text: `${plural(stuck.length, 'table')} held back`, href: '#tables' });
  const lost = workers.filter(({ state }) => state === 'lost').length;
  if (lost > 0) found.push({ tone: 'bad', text: `${plural(lost, 'worker')} lost`, href: '#workers' });
  const held = [
    control.pausedTables.length > 0 && plural(control.pausedTables.length, 'table'),
    control.pausedRuns.length > 0 && plural(control.pausedRuns.length, 'run'),
  ].filter(Boolean);
  if (held.length > 0) found.push({ tone: 'warn', text: `${held.join(' and ')} paused`, href: '/control' });
  if (
    fleet.workers.working === 0 &&
    queues.some(({ name, waiting }) => waiting > 0 && (name === 'page' || name === 'commit'))
  )
    found.push({ tone: 'bad', text: 'Work waits, and no worker is running', href: '#workers' });
  return found;
}

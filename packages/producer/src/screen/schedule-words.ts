import type { Schedule } from '@lance-offload/fleet';
import type { ScheduleStanding } from '../run/schedule-standing.ts';
import type { ScheduleEvent } from '../run/schedule-worker.ts';
import { formatCount, formatTable } from './format.ts';

export const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function patternWords({ pattern, timezone }: Schedule): string {
  return timezone === 'UTC' ? pattern : `${pattern} (${timezone})`;
}

function nextWords({ registered }: ScheduleStanding): string {
  return registered?.nextMs === undefined ? '–' : isoSeconds(registered.nextMs);
}

/** A table's pattern and next time. */
export function standingLine(standing: ScheduleStanding): string {
  return `${standing.schedule.table}: ${patternWords(standing.schedule)}, next ${nextWords(standing)}`;
}

/** Where a schedule is not registered as configured, and why its table was last skipped or failed. */
function remarks({ schedule, registered, counts }: ScheduleStanding): string[] {
  const { table, pattern, timezone } = schedule;
  const lines: string[] = [];
  if (!registered) lines.push(`${table}: not registered; \`lance-offload schedule\` does so`);
  else if (registered.pattern !== pattern || registered.timezone !== timezone) {
    lines.push(
      `${table}: registered as ${patternWords(registered)}; a new \`lance-offload schedule\` changes it`,
    );
  }
  if (counts.lastSkippedAtMs !== undefined) {
    lines.push(
      `${table}: last skipped ${isoSeconds(counts.lastSkippedAtMs)}, run ${counts.openRunId} was open`,
    );
  }
  if (counts.lastErrorAtMs !== undefined) {
    lines.push(`${table}: last failed ${isoSeconds(counts.lastErrorAtMs)}: ${counts.lastErrorMessage}`);
  }
  return lines;
}

/** The answer of `schedule --list`. */
export function scheduleTable(standings: readonly ScheduleStanding[], processes: number): string {
  const rows = standings.map((standing) => [
    standing.schedule.table,
    patternWords(standing.schedule),
    nextWords(standing),
    formatCount(standing.counts.started),
    formatCount(standing.counts.skipped),
    formatCount(standing.counts.failed),
    standing.counts.lastRunId ?? '–',
  ]);
  return [
    formatTable(['table', 'schedule', 'next', 'started', 'skipped', 'failed', 'last run'], rows),
    ...standings.flatMap(remarks),
    ...(processes === 0 ? ['No `lance-offload schedule` is running: nothing starts until one does.'] : []),
  ].join('\n');
}

/** What a tick came to, for people. */
export function eventLines(event: ScheduleEvent): string[] {
  const { table, outcome } = event;
  if (outcome === 'started') return [`${table}: started run ${event.run.runId}`];
  if (outcome === 'skipped') return [`${table}: skipped: ${event.reason}`];
  if (outcome === 'superseded') return [`${table}: a tick that was left over is covered by a later one`];
  const what = outcome === 'failed' ? 'no run was started' : `run ${event.runId} could not be planned`;
  return [`${table}: ${what}: ${event.error.message}`, `  ${event.error.hint}`];
}

/** What a tick came to, for machines. */
export function eventFacts(event: ScheduleEvent): Readonly<Record<string, string>> {
  const { table, outcome } = event;
  if (outcome === 'started') return { table, runId: event.run.runId };
  if (outcome === 'skipped') return { table, openRunId: event.openRunId, reason: event.reason };
  if (outcome === 'superseded') return { table };
  const { code, message } = event.error;
  return { table, ...(outcome === 'unplanned' && { runId: event.runId }), code, message };
}

import { withSample } from '@lance-offload/base';
import type { RunFailure, RunStatus } from '@lance-offload/fleet';
import type { RunReport } from '@lance-offload/core';
import { pausedWords } from './control-words.ts';
import { formatBytes, formatCount, formatSeconds, formatTable } from './format.ts';

/** Pages that were staged behind the planned ones, if any. */
export function repairWords(repairs: number): string[] {
  return repairs === 0 ? [] : [`${formatCount(repairs)} ${repairs === 1 ? 'repair' : 'repairs'}`];
}

const seconds = (report: RunReport): number => (report.finishedAtMs - report.startedAtMs) / 1000;

/** The reconciliation: per table, what the source counted and what the lake holds. */
export function reconciliationTable(statuses: readonly RunStatus[]): string {
  const rows = statuses.map((status) => {
    const { report } = status;
    const ended = report?.state === 'published' || report?.state === 'unchanged';
    return [
      status.table,
      status.paused === undefined ? status.state : `${status.state} (paused)`,
      status.sourceVersion === undefined ? '–' : String(status.sourceVersion),
      status.sourceRows === undefined ? '–' : formatCount(status.sourceRows),
      ended ? formatCount(report.lakeRows) : '–',
      report ? (report.verified ? 'yes' : 'no') : '–',
      status.pages
        ? [formatCount(status.pages.total), ...repairWords(status.pages.repairs)].join(' + ')
        : '–',
      report && report.lakeBytes > 0 ? formatBytes(report.lakeBytes) : '–',
      report && ended ? formatSeconds(seconds(report)) : '–',
      report?.deltaVersion === null || report?.deltaVersion === undefined ? '–' : String(report.deltaVersion),
    ];
  });
  return formatTable(
    [
      'table',
      'state',
      'source version',
      'source rows',
      'lake rows',
      'verified',
      'pages',
      'Parquet',
      'time',
      'Delta version',
    ],
    rows,
  );
}

function where(failure: RunFailure): string {
  return failure.page === undefined ? `the ${failure.step}` : `page ${failure.page}`;
}

const SHOWN_FAILURES = 10;

/** What of a run failed and what holds it back. Empty for one that needs nobody. */
export function failureLines(status: RunStatus): string[] {
  const shown = status.failures.slice(0, SHOWN_FAILURES);
  const lines = shown.flatMap((failure) => [
    `${status.table}: ${where(failure)} failed after ${failure.attempts} ${failure.attempts === 1 ? 'attempt' : 'attempts'}: ${withSample(failure.message, failure.sample)}`,
    `  ${failure.hint}`,
  ]);
  const more = status.failures.length - shown.length;
  if (more > 0) lines.push(`  … and ${more} more`);
  const paused = pausedWords(status);
  if (paused !== undefined) lines.push(`${status.table}: ${paused}`);
  return lines;
}

/** Where a run that has not ended stands, and each way out of there, as it is typed. */
export function wayOutLines({ table, state, meaning, waysOut }: RunStatus): string[] {
  if (waysOut.length === 0) return [];
  const width = Math.max(...waysOut.map(({ command }) => command.length));
  return [
    `${table}: ${state}: ${meaning}`,
    ...waysOut.map(({ command, does }) => `  ${command.padEnd(width)}  ${does}`),
  ];
}

const OUTCOMES = ['inserted', 'updated', 'deleted', 'unchanged', 'late', 'superseded'] as const;

/** What became of the rows of a run that did more than to append, and where its cursor is. */
function outcomeLines({ table, report }: RunStatus): string[] {
  if (report?.state !== 'published') return [];
  const { rows, cursorField, cursor } = report;
  const counts = OUTCOMES.flatMap((outcome) =>
    rows[outcome] > 0 ? [`${formatCount(rows[outcome])} ${outcome}`] : [],
  );
  const plain = report.ingestionType === 'APPEND_ONLY' && rows.unchanged === 0;
  return [
    ...(plain ? [] : [`${table}: ${counts.join(', ') || 'nothing has changed'}`]),
    ...(cursor === undefined ? [] : [`${table}: cursor "${cursorField}" is at ${cursor}`]),
  ];
}

/** Notes of a finished run: its rows, columns left out, values cut, and the like. */
export function noteLines(status: RunStatus): string[] {
  const { report } = status;
  const dropped = (report?.droppedColumns ?? []).map(
    ({ name, reason }) => `${status.table}: column "${name}" left out: ${reason}`,
  );
  return [
    ...outcomeLines(status),
    ...dropped,
    ...(report?.notes ?? []).map((note) => `${status.table}: ${note}`),
  ];
}

import { OffloadError, isScd } from '@lance-offload/base';
import type { TableState } from '../lake/table-state.ts';
import type { RunPlan } from './run-plan.ts';
import { windowOf, type Continued, type Window } from './window.ts';

/** How a run goes on from what the lake holds. */
export interface Continuation extends Window {
  /** The lake holds just what this run would read. */
  readonly unchanged: boolean;
  readonly deletes: RunPlan['deletes'];
}

const show = (value: string | null | readonly string[]): string =>
  value === null ? 'the source version' : typeof value === 'string' ? value : value.join(', ');

/** A lake table keeps its mode, its keys and its sequence: rows brought in by other rules could not be told apart. */
function refuseOtherRules(
  { table, sourceVersion, ingestion, judgement }: Continued,
  state: TableState,
): void {
  const remedy = 'set destination_table to begin a new lake table';
  const problems = (['ingestionType', 'primaryKeys', 'sequenceBy'] as const).flatMap((rule) => {
    const [was, is] = [state[rule], ingestion[rule]];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const words = { ingestionType: 'ingestion_type', primaryKeys: 'primary_keys', sequenceBy: 'sequence_by' };
    return [`${words[rule]} was ${show(was)} and is ${show(is)}`];
  });
  if (problems.length > 0)
    throw new OffloadError(
      'CONFIG_INVALID',
      `The lake table of "${table}" was made by other rules: ${problems.join('; ')}; ${remedy}`,
      { table, problems },
    );
  const { sourceVersion: held = 0 } = state;
  if (isScd(ingestion.ingestionType) && sourceVersion < held && judgement.is !== 'made anew')
    throw new OffloadError(
      'CONFIG_INVALID',
      `The lake holds version ${held} of "${table}" already, and ${ingestion.ingestionType} cannot go back to version ${sourceVersion}; ${remedy}`,
      { table },
    );
}

/**
 * Keys that are gone show in a complete snapshot, or in a sweep over the keys; APPEND_ONLY keeps every row. Of a table that
 * was made anew they are looked for in any case: what the lake holds is another table's.
 */
function deletesOf(run: Continued, incremental: boolean): { deletes: RunPlan['deletes']; notes: string[] } {
  const { ingestion, options, sweepDeletes, judgement } = run;
  if (!isScd(ingestion.ingestionType)) {
    const notes = sweepDeletes
      ? ['APPEND_ONLY keeps rows that are gone: --sweep-deletes does nothing here']
      : [];
    return { deletes: 'none', notes };
  }
  const complete = !incremental && options.filter_expression === undefined && !options.offset;
  const detects = options.detect_deletes ?? true;
  const madeAnew = judgement.is === 'made anew';
  if (complete && (sweepDeletes || detects)) return { deletes: 'snapshot', notes: [] };
  if (sweepDeletes || (madeAnew && detects)) return { deletes: 'sweep', notes: [] };
  const notes = madeAnew
    ? ['detect_deletes is false: rows of the old table that the new one has no key of stay in the lake']
    : [];
  return { deletes: 'none', notes };
}

function appendNotes(
  { table, sourceVersion, ingestion, judgement }: Continued,
  state: TableState,
  incremental: boolean,
): string[] {
  const { sourceVersion: held } = state;
  const again =
    !isScd(ingestion.ingestionType) && !incremental && held !== undefined && held !== sourceVersion;
  if (
    !again ||
    judgement.is === 'made anew' ||
    ingestion.cursorField !== undefined ||
    ingestion.changeTracking
  )
    return [];
  return [
    `the lake holds version ${held} of "${table}" already; APPEND_ONLY appends every row of version ${sourceVersion} beside it (told apart by _run_id)`,
  ];
}

/** Said where a run relies on what cannot be proved. */
function unprovenNotes({ judgement }: Continued, relies: boolean): string[] {
  if (judgement.is !== 'not known' || !relies) return [];
  return [
    `nothing tells whether the table is still the one the lake holds (${judgement.why}): where it was dropped and made anew, use --full`,
  ];
}

/**
 * Decides how a run goes on from the lake's state: from the last cursor or version, or from the start, with deletes or
 * without, or not at all, because nothing has changed.
 *
 * @throws OffloadError `CONFIG_INVALID` where the lake table was made by other rules, or the run would miss rows.
 */
export function continueFrom(run: Continued, state: TableState | undefined): Continuation {
  if (state) refuseOtherRules(run, state);
  else if (run.tableExists && isScd(run.ingestion.ingestionType))
    throw new OffloadError(
      'CONFIG_INVALID',
      `The lake has a table in the place of "${run.table}" that lance-offload did not write: its rows have no row hash to be told apart by; set destination_table`,
      { table: run.table },
    );
  const { notes: windowNotes, ...window } = windowOf(run, state);
  const incremental = window.cursorFrom !== undefined || window.changedSince !== undefined;
  const { deletes, notes } = deletesOf(run, incremental);
  const unchanged =
    !run.full &&
    run.judgement.is !== 'made anew' &&
    state?.sourceVersion === run.sourceVersion &&
    state.selection === run.selection &&
    state.cursorField === run.ingestion.cursorField &&
    (deletes === 'none' || state.deletesVersion === run.sourceVersion);
  return {
    unchanged,
    ...window,
    deletes,
    notes: [
      ...windowNotes,
      ...notes,
      ...(state ? appendNotes(run, state, incremental) : []),
      ...unprovenNotes(run, incremental || unchanged),
    ],
  };
}

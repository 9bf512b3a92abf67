import { isScd, OffloadError, type TableOptions } from '@lance-offload/base';
import { sameRows, type TableState } from '../lake/table-state.ts';
import type { Ingestion } from './ingestion.ts';
import type { RowVersions } from './row-versions.ts';
import type { Judgement } from './table-identity.ts';

/** What of a run decides how it goes on. */
export interface Continued {
  readonly table: string;
  readonly sourceVersion: number;
  readonly ingestion: Ingestion;
  readonly options: TableOptions;
  /** As `selectionOf` writes it. */
  readonly selection: string;
  readonly full: boolean;
  readonly sweepDeletes: boolean;
  /** Whether the lake has a table of that name, ours or not. */
  readonly tableExists: boolean;
  /** Whether the source keeps row versions; absent where nobody asks for them. */
  readonly rowVersions?: RowVersions | undefined;
  /** Whether the table is the one the lake holds. */
  readonly judgement: Judgement;
}

/** What an incremental run reads. A run with neither bound reads everything. */
export interface Window {
  /** The cursor from which on an incremental run reads. */
  readonly cursorFrom?: string;
  /** After which source version, where row versions tell what has changed. */
  readonly changedSince?: number;
  readonly notes: readonly string[];
}

function everything({ ingestion }: Continued, why: string): Window {
  const appends = isScd(ingestion.ingestionType) ? '' : ', and appends every row beside those the lake has';
  return { notes: [`${why}: this run reads everything${appends}`] };
}

/** SCD tells by keys what the lake has already; APPEND_ONLY would have it twice, and is asked first. */
function everythingIfKeyed(run: Continued, why: string): Window {
  if (isScd(run.ingestion.ingestionType)) return everything(run, why);
  throw new OffloadError(
    'CONFIG_INVALID',
    `Table "${run.table}": ${why}; use --full to append everything again, or set destination_table`,
    { table: run.table },
  );
}

/**
 * What has changed since the last commit, by row versions. That commit holds all of its source version, unless it came
 * by a cursor, which may have missed rows.
 */
function rowVersionWindow(run: Continued, state: TableState): Window {
  const { sourceVersion: held } = state;
  if (run.full) return everything(run, '--full');
  if (held === undefined) return everything(run, 'the lake does not say which version it holds');
  if (run.sourceVersion < held)
    return everythingIfKeyed(
      run,
      `version ${run.sourceVersion} is older than version ${held}, which the lake holds`,
    );
  if (state.cursorField !== undefined)
    return everythingIfKeyed(
      run,
      `the lake was filled by the cursor "${state.cursorField}", which may have missed rows`,
    );
  if (!sameRows(state.selection, run.selection))
    return everythingIfKeyed(run, 'filter or source have changed since the last commit');
  if (run.rowVersions !== 'kept' && run.sourceVersion > held)
    return everythingIfKeyed(run, 'nothing tells yet whether the table keeps the versions of its rows');
  return { changedSince: held, notes: [] };
}

/**
 * Of a table that was made anew everything is read: its cursor and its versions have nothing to do with those the lake
 * has. APPEND_ONLY without either appends the whole table by each run anyway; with one of them it is asked first.
 */
function madeAnewWindow({ table, ingestion, judgement, full }: Continued): Window {
  const what = `was dropped and made anew at the source since the lake's last commit (${judgement.why})`;
  if (isScd(ingestion.ingestionType)) return { notes: [`the table ${what}: this run reads everything`] };
  if (!full && (ingestion.cursorField !== undefined || ingestion.changeTracking !== undefined))
    throw new OffloadError(
      'CONFIG_INVALID',
      `Table "${table}" ${what}: what changed cannot be told; use --full to append all its rows beside those of the old one, or set destination_table to begin a new lake table`,
      { table },
    );
  return {
    notes: [
      `the table ${what}: all its rows are appended beside those of the old one (told apart by _run_id)`,
    ],
  };
}

/** Where an incremental run begins, or why it reads everything. */
export function windowOf(run: Continued, state: TableState | undefined): Window {
  const { cursorField, changeTracking, ingestionType } = run.ingestion;
  if (state && run.judgement.is === 'made anew') return madeAnewWindow(run);
  if (state && changeTracking) return rowVersionWindow(run, state);
  if (cursorField === undefined || !state) return { notes: [] };
  if (run.full) return everything(run, '--full');
  if (state.cursorField !== cursorField)
    return everything(run, `the lake has no cursor of "${cursorField}" yet`);
  if (state.cursor === undefined) return everything(run, `"${cursorField}" had no value so far`);
  if (sameRows(state.selection, run.selection)) return { cursorFrom: state.cursor, notes: [] };
  if (isScd(ingestionType)) return everything(run, 'filter or source have changed since the last commit');
  throw new OffloadError(
    'CONFIG_INVALID',
    `The filter or the source of "${run.table}" has changed since the last commit: rows before the cursor (${state.cursor}) that match now would be missed; use --full to append everything again, or set destination_table`,
    { table: run.table },
  );
}

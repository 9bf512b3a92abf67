import { ingestionType, isScd, OffloadError, type IngestionType } from '@lance-offload/base';
import {
  lastCommitOf,
  END_AT,
  tableState,
  committedAt,
  type Staging,
  type TableState,
} from '@lance-offload/core';
import { quoteText, readSnapshot, type Snapshot, type Store } from '@lance-offload/delta';
import type { RowNames } from './compared-rows.ts';
import { readSelection, type CommittedSelection } from './committed-selection.ts';

/** A lake table, and what of it is compared with its source. */
export interface LakeTable {
  readonly place: Store;
  readonly snapshot: Snapshot;
  readonly state: TableState;
  readonly selection: CommittedSelection;
  readonly ingestionType: IngestionType;
  readonly sourceVersion: number;
  /** When the last commit was made, where it did not keep what tells its table from another one of its name. */
  readonly committedAtMs: number | undefined;
  /** `keys`: the current row of each; `run`: the rows of the last run; `table`: those of all runs. */
  readonly compares: 'keys' | 'run' | 'table';
  readonly names: RowNames;
}

function absent(table: string, destination: string, published: readonly string[]): OffloadError {
  const has = published.length > 0 ? published.join(', ') : 'none';
  return new OffloadError(
    'LAKE_NOT_FOUND',
    `The lake has no table "${destination}" (it has: ${has}); lance-offload run ${table} brings it there`,
    { table },
  );
}

/** A lake of a release that did not say which run came last has it in its log. */
async function lastRunOf({ runId }: TableState, table: Store): Promise<string | null> {
  return runId ?? (await lastCommitOf(table))?.runId ?? null;
}

function comparedRows(
  state: TableState,
  mode: IngestionType,
  lastRun: string | null,
): Pick<LakeTable, 'compares' | 'names'> {
  const { primaryKeys, sequenceBy, cursorField, changeTracking } = state;
  if (isScd(mode)) {
    const open = { scope: `r.${END_AT} IS NULL`, scopeColumns: [END_AT] };
    return {
      compares: 'keys',
      names: { primaryKeys, sequence: sequenceBy ?? undefined, lastRun, ...(mode === 'SCD_TYPE_2' && open) },
    };
  }
  if (cursorField !== undefined || changeTracking !== undefined)
    return { compares: 'table', names: { primaryKeys: [], sequence: cursorField, lastRun } };
  const scope = `r._run_id = ${quoteText(lastRun ?? '')}`;
  return {
    compares: 'run',
    names: { primaryKeys: [], sequence: undefined, lastRun, scope, scopeColumns: ['_run_id'] },
  };
}

/**
 * Reads what a lake table says of itself.
 *
 * @param table its name at the source.
 * @throws OffloadError `LAKE_NOT_FOUND` where there is none, `LAKE_UNAVAILABLE` where it is none of ours, or one of another source table.
 */
export async function openLakeTable(
  table: string,
  destination: string,
  staging: Staging,
): Promise<LakeTable> {
  const place = staging.table(destination);
  const snapshot = await readSnapshot(place);
  if (!snapshot) throw absent(table, destination, await staging.listTables());
  const state = tableState(snapshot);
  if (state?.sourceVersion === undefined) {
    const message = `The lake table "${destination}" was not made by lance-offload: its log names no version of a source to compare it with`;
    throw new OffloadError('LAKE_UNAVAILABLE', message, { table, path: place.locate('') });
  }
  const selection = readSelection(destination, state);
  if (selection.table !== table) {
    const message = `The lake table "${destination}" holds the table "${selection.table}", not "${table}"`;
    throw new OffloadError('LAKE_UNAVAILABLE', message, { table, path: place.locate('') });
  }
  const mode = ingestionType.parse(state.ingestionType);
  const { sourceVersion } = state;
  return {
    place,
    snapshot,
    state,
    selection,
    ingestionType: mode,
    sourceVersion,
    committedAtMs: await committedAt(destination, state, staging),
    ...comparedRows(state, mode, await lastRunOf(state, place)),
  };
}

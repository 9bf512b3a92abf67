import { OffloadError } from '@lance-offload/base';
import type { LanceClient } from '@lance-offload/lancedb';

/** The version in which a row was last written; a column every Lance table answers to, whether it keeps them or not. */
const UPDATED_AT = '_row_last_updated_at_version';

/** A row's address is `fragment << 32 | position`. Fragments are numbered through a table's life, and never again from 0. */
const BEHIND_FIRST_FRAGMENT = '_rowaddr >= 4294967296';

/** The LanceDB filter for the rows that were added or changed after a version. */
export function changedSinceSql(version: number): string {
  return `${UPDATED_AT} > ${version}`;
}

/** Whether a table keeps row versions: `unproven` where nothing of it was ever written twice, so that nothing tells. */
export type RowVersions = 'kept' | 'unproven';

function notKept(table: string, cause?: unknown): OffloadError {
  const said = cause instanceof OffloadError ? ` (${cause.message})` : '';
  return new OffloadError(
    'CONFIG_INVALID',
    `change_tracking: table "${table}" does not keep the version of its rows, so that no change shows${said}; set cursor_field to a column that grows with every change, or make the table anew with stable row ids (new_table_enable_stable_row_ids)`,
    { table },
    { cause },
  );
}

/**
 * Proves that a table keeps row versions, or refuses it. A table without stable row ids answers 1 for every row, so
 * that a greater version proves them. Where there is none, row ids tell: with stable ones a row behind the first
 * fragment has an id that is not its address, and without them the two are always the same.
 *
 * Seen with @lancedb/lancedb 0.39 through inserts, updates, merges, deletes, overwrites, compaction and writers at once.
 *
 * @throws OffloadError `CONFIG_INVALID` where the table does not keep them, or the server does not know the column.
 */
export async function proveRowVersions(
  table: string,
  version: number,
  source: LanceClient,
): Promise<RowVersions> {
  const some = async (filter: string) => (await source.countRows(table, version, filter)) > 0;
  const known = some(changedSinceSql(1)).catch((thrown: unknown) => {
    if (thrown instanceof OffloadError && thrown.code === 'SOURCE_REJECTED') throw notKept(table, thrown);
    throw thrown;
  });
  if (await known) return 'kept';
  try {
    if (await some(`${BEHIND_FIRST_FRAGMENT} AND _rowid = _rowaddr`)) throw notKept(table);
    return (await some('_rowid != _rowaddr')) ? 'kept' : 'unproven';
  } catch (thrown) {
    // A server that knows no addresses: nothing is proved, and whoever asks reads everything.
    if (thrown instanceof OffloadError && thrown.code === 'SOURCE_REJECTED') return 'unproven';
    throw thrown;
  }
}

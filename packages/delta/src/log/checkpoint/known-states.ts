import { StoreView } from '../../store/store-view.ts';
import type { Store, StoredObject } from '../../store/store.ts';
import { sizeOf, type LogState } from './log-state.ts';

/** What of a table's log has been read. */
export interface KnownState {
  readonly state: LogState;
  /** The last version that is known to have a whole checkpoint. */
  readonly checkpoint: number | undefined;
  /** The entry of the state's version: as long as that one stands, what it stands on is as it was. */
  readonly entry: StoredObject | undefined;
}

/** Files, tombstones and transactions that are held of all tables of a store together: about 50 MB. */
const HELD = 50_000;

/** By store and by the table's place in it, the least used first. */
const known = new WeakMap<Store, Map<string, KnownState>>();

/** What this process has read of a table's log. */
export function recallState(table: Store): KnownState | undefined {
  const { root, prefix } = StoreView.placeOf(table);
  return known.get(root)?.get(prefix);
}

/** Keeps what was read of a table's log, and lets go of tables that were not asked for lately. */
export function rememberState(table: Store, read: KnownState): void {
  const { root, prefix } = StoreView.placeOf(table);
  const tables = known.get(root) ?? new Map<string, KnownState>();
  known.set(root, tables);
  tables.delete(prefix);
  if (!read.entry) return; // there is nothing to tell by whether it still holds
  tables.set(prefix, read);
  let held = [...tables.values()].reduce((total, { state }) => total + sizeOf(state), 0);
  for (const [place, { state }] of tables) {
    if (held <= HELD || tables.size === 1) return;
    tables.delete(place);
    held -= sizeOf(state);
  }
}

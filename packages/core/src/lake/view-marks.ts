import { decodeTableName } from './paths.ts';
import type { Staging } from '../stage/staging.ts';

/**
 * Which version of each table lake.duckdb has to show. A commit leaves its mark before it reads the file, and looks for marks again
 * after it has replaced it. So of two commits that replace the file at once, the later one finds the mark of the other, and
 * nobody's view is lost; a mark whose commit died is found by the next one. Marks are hints.
 */
export interface ViewMarks {
  readonly versions: ReadonlyMap<string, number>;
  /** Keys of marks that later ones of the same table have followed. */
  readonly past: readonly string[];
}

export async function markView({ store, keys }: Staging, table: string, version: number): Promise<void> {
  await store.put(keys.viewMark(table, version), '\n');
}

/** One listing, whatever has happened in the lake: a table has one mark, or two for a moment. */
export async function readMarks({ store, keys }: Staging): Promise<ViewMarks> {
  const versions = new Map<string, number>();
  const past: string[] = [];
  for await (const { key } of store.list(`${keys.viewMarks}/`)) {
    const [, folder = '', version] = /\/([^/]+)\/(\d{20})$/.exec(key) ?? [];
    const table = decodeTableName(folder);
    if (table === undefined) continue;
    const before = versions.get(table); // keys are in order, so that a later version comes later
    if (before !== undefined) past.push(keys.viewMark(table, before));
    versions.set(table, Number(version));
  }
  return { versions, past };
}

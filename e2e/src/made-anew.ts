import { connect } from '@lancedb/lancedb';
import type { Schema } from 'apache-arrow';
import { arrow } from './arrow.ts';
import { STABLE_ROW_IDS } from './versioned-table.ts';

/** How a table is offloaded, and which version it has once it was made anew, beside the one the lake holds. */
export interface MadeAnewCase {
  readonly table: string;
  readonly mode: 'APPEND_ONLY' | 'SCD_TYPE_1' | 'SCD_TYPE_2';
  readonly reads: 'everything' | 'by cursor' | 'by row versions';
  readonly version: 'lower' | 'same' | 'higher';
  readonly full: boolean;
}

const MODES = ['APPEND_ONLY', 'SCD_TYPE_1', 'SCD_TYPE_2'] as const;
const READS = ['everything', 'by cursor', 'by row versions'] as const;
const VERSIONS = ['lower', 'same', 'higher'] as const;

/** Every mode, each way of reading, each version, without `--full` and with it. */
export const CASES: readonly MadeAnewCase[] = MODES.flatMap((mode) =>
  READS.flatMap((reads) =>
    VERSIONS.flatMap((version) =>
      [false, true].map((full) => {
        const table = [mode, reads, version, ...(full ? ['full'] : [])]
          .join(' ')
          .toLowerCase()
          .replaceAll(' ', '_');
        return { table, mode, reads, version, full };
      }),
    ),
  ),
);

/** The table's part of offload.yaml. */
export function optionsOf({ mode, reads }: MadeAnewCase): object {
  return {
    ingestion_type: mode,
    ...(mode !== 'APPEND_ONLY' && { primary_keys: ['id'] }),
    ...(reads === 'by cursor' && { cursor_field: 'at' }),
    ...(reads === 'by row versions' && { change_tracking: 'row_version' }),
  };
}

/** A row: a key, what a cursor goes by, and which table it is of. */
export interface AnewRow {
  readonly id: number;
  readonly at: number;
  readonly text: string;
}

const rowOf =
  (text: string) =>
  ([id, at]: readonly [number, number]): AnewRow => ({ id, at, text });

const OLD = (
  [
    [1, 10],
    [2, 20],
    [9, 30],
  ] as const
).map(rowOf('old'));
/** One at the cursor of its key, one before it, one of a key that is new; key 9 is gone. */
const NEW = (
  [
    [1, 10],
    [2, 5],
    [3, 5],
  ] as const
).map(rowOf('new'));

const one = (text: string, id: number): AnewRow[] => [rowOf(text)([id, 4])];

/** The appends a table is made of, each a version, before and after it is made anew. */
export function appendsOf({ version }: MadeAnewCase): {
  old: readonly AnewRow[][];
  anew: readonly AnewRow[][];
} {
  return {
    old: version === 'lower' ? [OLD, one('old', 7), one('old', 8)] : [OLD],
    anew: version === 'higher' ? [NEW, one('new', 4)] : [NEW],
  };
}

const SCHEMA: Schema = new arrow.Schema([
  new arrow.Field('id', new arrow.Int32(), true),
  new arrow.Field('at', new arrow.Int32(), true),
  new arrow.Field('text', new arrow.Utf8(), true),
]);

/** Makes a table, in the place of one of its name that is dropped. */
export async function makeTable(uri: string, name: string, appends: readonly AnewRow[][]): Promise<void> {
  const db = await connect(uri);
  if ((await db.tableNames()).includes(name)) await db.dropTable(name);
  const [first = [], ...more] = appends.map((rows) => rows.map((row) => ({ ...row })));
  const table = await db.createTable(name, first, { schema: SCHEMA, storageOptions: STABLE_ROW_IDS });
  for (const rows of more) await table.add(rows);
  table.close();
  db.close();
}

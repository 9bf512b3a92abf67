import { advance, NO_STATE, type LogState } from '../../../src/log/checkpoint/log-state.ts';
import { encodeCheckpoint } from '../../../src/log/checkpoint/write-checkpoint.ts';
import { protocolFor, type Action } from '../../../src/log/delta-actions.ts';
import type { DeltaStruct } from '../../../src/types/lake-type.ts';
import type { Store } from '../../../src/store/store.ts';

/** A version as file names have it. */
export const named = (version: number): string => `_delta_log/${String(version).padStart(20, '0')}`;

const SCHEMA: DeltaStruct = { type: 'struct', fields: [] };

/** The first entry of a table. */
export const opening: Partial<Action>[] = [
  { protocol: protocolFor(SCHEMA) },
  {
    metaData: {
      id: 'a',
      format: { provider: 'parquet', options: {} },
      schemaString: JSON.stringify(SCHEMA),
      partitionColumns: [],
      configuration: {},
    },
  },
];

export function add(path: string): Partial<Action> {
  return {
    add: {
      path,
      partitionValues: {},
      size: 1,
      modificationTime: 1,
      dataChange: true,
      deletionVector: undefined,
    },
  };
}

/** A checkpoint file of some actions, whatever they are. */
export function fileOf(version: number, actions: readonly Partial<Action>[]): Uint8Array {
  const state: LogState = advance(NO_STATE, [{ version, actions }]);
  return encodeCheckpoint(state);
}

/** Removes the entries of some versions, as another tool's clean-up does. */
export async function clean(table: Store, versions: readonly number[]): Promise<void> {
  await table.delete(versions.map((version) => `${named(version)}.json`));
}

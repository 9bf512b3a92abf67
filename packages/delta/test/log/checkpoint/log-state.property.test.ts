import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAction } from '../../../src/log/delta-actions.ts';
import { readParquetRows } from '../../../src/log/checkpoint/parquet-rows.ts';
import { CHECKPOINT_COLUMNS } from '../../../src/log/checkpoint/checkpoint-schema.ts';
import { advance, NO_STATE, type LogState } from '../../../src/log/checkpoint/log-state.ts';
import { encodeCheckpoint } from '../../../src/log/checkpoint/write-checkpoint.ts';
import { randomRuns } from '../../../../base/test/soak.ts';
import { logs } from './random-logs.ts';

/** A state as JSON has it, in the order of its files. */
const plain = ({ files, tombstones, transactions, domains, ...rest }: LogState): unknown => ({
  ...rest,
  files: [...files],
  tombstones: [...tombstones],
  transactions: [...transactions],
  domains: [...domains],
});

/** A state, written as a checkpoint and read again. */
async function checkpointed(state: LogState): Promise<LogState> {
  const file = new Uint8Array(encodeCheckpoint(state));
  const rows = await readParquetRows(file, CHECKPOINT_COLUMNS);
  return advance(NO_STATE, [{ version: state.version, actions: rows.map(parseAction) }]);
}

test('a log that is replayed from its start and one that goes on from a checkpoint end in the same state', async () => {
  await fc.assert(
    fc.asyncProperty(logs, fc.nat(), async (log, at) => {
      const entries = log.map(({ version, actions }) => ({
        version,
        actions: actions.map((action) => parseAction(JSON.parse(JSON.stringify(action)))),
      }));
      const cut = 1 + (at % entries.length);
      const whole = advance(NO_STATE, entries);
      const begun = advance(NO_STATE, entries.slice(0, cut));
      expect(plain(advance(begun, entries.slice(cut)))).toEqual(plain(whole));
      const gone = await checkpointed(begun);
      expect(plain(gone)).toEqual(plain(begun));
      expect(plain(advance(gone, entries.slice(cut)))).toEqual(plain(whole));
    }),
    randomRuns(100, 5000),
  );
});

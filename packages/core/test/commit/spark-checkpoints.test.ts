import { spawnSync } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { readLog, readSnapshot } from '@lance-offload/delta';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import type { Staging } from '../../src/stage/staging.ts';
import { test } from '../lake-fixture.ts';
import { lakeQuery, offload, person } from '../merge/people.ts';
import { pathsOf } from '../paths-of.ts';

// Tables that lance-offload has made in three runs, of which Spark has written a checkpoint and removed the entries before it:
// `interop/make-checkpoints.ts` makes them.

const TABLES = path.join(import.meta.dirname, 'checkpoint-tables');

const ROWS: Readonly<Record<'append' | 'scd1' | 'scd2', { changes: Partial<RunPlan>; bounds: string }>> = {
  append: { changes: { ingestionType: 'APPEND_ONLY', primaryKeys: [], sequenceBy: null }, bounds: '' },
  scd1: { changes: { ingestionType: 'SCD_TYPE_1' }, bounds: '' },
  scd2: { changes: { ingestionType: 'SCD_TYPE_2' }, bounds: ', __START_AT, __END_AT' },
};

const named = ([id, seq]: readonly number[]): (number | string)[] => [id ?? 0, seq ?? 0, `${id} at ${seq}`];

const ALL = [
  [1, 1],
  [2, 1],
  [2, 2],
  [3, 1],
  [3, 2],
  [3, 3],
  [4, 1],
  [5, 2],
  [6, 3],
].map(named);
const OPEN = [
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 1],
  [5, 2],
  [6, 3],
].map(named);
/** What each version of ALL ends at. */
const ENDS = [null, 2, null, 2, 3, null, null, null, null];

const HELD = {
  append: ALL,
  scd1: OPEN,
  scd2: ALL.map((row, index) => [...row, row[1], ENDS[index]]),
};
/** After one more run, of rows 4 and 7 at 4. */
const GOES_ON = {
  append: [...ALL, named([4, 4]), named([7, 4])],
  scd1: [...OPEN.filter(([id]) => id !== 4), named([4, 4]), named([7, 4])],
  scd2: [
    ...HELD.scd2.map((row) => (row[0] === 4 ? [...row.slice(0, 4), 4] : row)),
    ...[4, 7].map((id) => [...named([id, 4]), 4, null]),
  ],
};

const inOrder = (rows: readonly (readonly unknown[])[]): string[] =>
  rows.map((row) => JSON.stringify(row)).toSorted();

/** Which kinds of checkpoint files the log of a table has. */
async function kindsOf(staging: Staging, table: string): Promise<string[]> {
  const log = path.join(staging.table(table).locate(''), '_delta_log');
  const files = (await readdir(log, { recursive: true })).filter((file) => /checkpoint\./.test(file));
  return [
    ...new Set(files.map((file) => file.replace(/\d{20}\./, '').replaceAll(/[\da-f-]{36}|\d{10}/g, '*'))),
  ].toSorted();
}

for (const [kind, files] of Object.entries({
  classic: ['checkpoint.parquet'],
  'multi-part': ['checkpoint.*.*.parquet'],
  'v2-parquet': ['_sidecars/checkpoint.*.*.*.parquet', 'checkpoint.*.parquet'],
  'v2-json': ['_sidecars/checkpoint.*.*.*.parquet', 'checkpoint.*.json'],
  'v2-classic': ['_sidecars/checkpoint.*.*.*.parquet', 'checkpoint.parquet'],
}))
  for (const mode of ['append', 'scd1', 'scd2'] as const)
    test(`a table under ${mode} goes on from a checkpoint of Spark's: ${kind}`, async ({ staging }) => {
      const { root } = pathsOf(staging);
      await mkdir(root, { recursive: true });
      spawnSync('tar', ['-xzf', path.join(TABLES, `${kind}.tar.gz`), '-C', root, `tables/${mode}`]);
      expect(await kindsOf(staging, mode)).toEqual(files);
      const { changes, bounds } = ROWS[mode];
      const query = `SELECT id, seq, name${bounds} FROM ${mode}`;
      expect(inOrder(await lakeQuery(staging, query))).toEqual(inOrder(HELD[mode]));
      const before = await readSnapshot(staging.table(mode));
      expect((await readLog(staging.table(mode)))[0]).toMatchObject({ isCheckpoint: true });
      const report = await offload(
        staging,
        [4, 7].map((id) => person(id, 4, `${id} at 4`)),
        {
          runId: `${mode}-20261201T101500Z-0001`,
          sourceVersion: 99,
          table: mode,
          destination: mode,
          ...changes,
        },
      );
      expect(report).toMatchObject({
        state: 'published',
        verified: true,
        notes: [],
        deltaVersion: (before?.version ?? 0) + 1,
      });
      expect(inOrder(await lakeQuery(staging, query))).toEqual(inOrder(GOES_ON[mode]));
      expect((await readSnapshot(staging.table(mode)))?.transactions.size).toBe(
        (before?.transactions.size ?? 0) + 1,
      );
    });

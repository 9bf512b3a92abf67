import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { readLog, readDeletionVector } from '@lance-offload/delta';
import { collectGarbage } from '../../src/lake/housekeeping.ts';
import type { Staging } from '../../src/stage/staging.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { test } from '../lake-fixture.ts';
import { scatter, shuffled } from './feeds.ts';
import { history, offload, outcomes, person, type Person } from './people.ts';
import { lakeQuery, snapshotOf } from './typed-table.ts';
import { SEED, sized } from '../../../base/test/soak.ts';
import { pathsOf } from '../paths-of.ts';

vi.setConfig({ testTimeout: 60_000 });

const MODES = ['SCD_TYPE_1', 'SCD_TYPE_2'] as const;
type Mode = (typeof MODES)[number];

const open = (mode: Mode) => (mode === 'SCD_TYPE_1' ? 'documents' : 'documents_current');
const folderOf = (staging: Staging) => pathsOf(staging).table('documents');
const numbered = (ids: readonly number[], seq: number): Person[] =>
  ids.map((id) => person(id, seq, `at ${seq}`));

interface Wear {
  readonly path: string;
  readonly rows: number;
  readonly lost: number;
}

/** Rows each file of the log has and has lost; its vector and its statistics say the same. */
async function wearOf(staging: Staging): Promise<Wear[]> {
  const { files } = await snapshotOf(staging);
  return Promise.all(
    files.map(async ({ path: file, stats, deletionVector }) => {
      const parsed = JSON.parse(stats ?? '') as { numRecords: number; tightBounds: boolean };
      const lost = deletionVector ? await readDeletionVector(staging.table('documents'), deletionVector) : [];
      expect(lost.length).toBe(deletionVector?.cardinality ?? 0);
      expect(parsed.tightBounds).toBe(deletionVector === undefined);
      return { path: file, rows: parsed.numRecords, lost: lost.length };
    }),
  );
}

for (const mode of MODES) {
  test(`a file that loses rows in one run after the other leaves the log with its last one, under ${mode}`, async ({
    staging,
  }) => {
    const changes = { ingestionType: mode, rowsPerPage: 5 };
    const { runId } = await offload(staging, numbered([0, 1, 2, 3, 4], 1), changes);
    const lost = async () =>
      (await wearOf(staging)).filter((file) => file.path.includes(`${runId}/page`)).map((file) => file.lost);
    expect(await lost()).toEqual([0]);
    await offload(staging, numbered([3], 2), changes);
    expect(await lost()).toEqual([1]);
    await offload(staging, numbered([0, 4], 3), changes);
    expect(await lost()).toEqual([3]);
    await offload(staging, numbered([1, 2], 4), changes);
    expect(await lost()).toEqual([]);
    const [entry] = (await readLog(staging.table('documents'))).slice(-1);
    const page = `data/${runId}/page-000000.`;
    expect(
      entry?.actions.flatMap(({ add, remove }) =>
        [add, remove].filter((file) => file?.path.startsWith(page)),
      ),
    ).toMatchObject([{ deletionVector: { cardinality: 3 } }]);
    expect(await lakeQuery(staging, `SELECT id, seq FROM ${open(mode)} ORDER BY id`)).toEqual([
      [0, 3],
      [1, 4],
      [2, 4],
      [3, 2],
      [4, 3],
    ]);
  });

  test(`pages of a run none of whose rows count are no files of the table, and are collected later, under ${mode}`, async ({
    staging,
  }) => {
    await offload(staging, numbered([0, 1, 2, 3, 4], 9), { ingestionType: mode });
    const rows = [...numbered([0, 1, 2, 3, 4], 9), ...numbered([5], 1)];
    const report = await offload(staging, rows, { ingestionType: mode, rowsPerPage: 2 });
    expect(report).toMatchObject({ verified: true, rows: outcomes({ unchanged: 5, inserted: 1 }) });
    const data = path.join(folderOf(staging), 'data', report.runId);
    expect(await readdir(data)).toHaveLength(3);
    await collectGarbage('documents', staging, { keepMs: -1000, always: true });
    expect(await readdir(data)).toEqual([expect.stringMatching(/^page-000002\./)]);
    expect((await wearOf(staging)).filter((file) => file.path.includes(report.runId))).toMatchObject([
      { rows: 2, lost: 1 },
    ]);
  });
}

const KEYS = 40;
const RUNS = 10;
const SEEDS = Array.from({ length: sized(1, 50) }, (_, index) => SEED + index);

for (const mode of MODES)
  for (const seed of SEEDS)
    test(`a table whose files have lost rows in many runs is what its source is, and no file is empty, under ${mode} (seed ${seed})`, async ({
      staging,
    }) => {
      const source = new Map<number, Person>();
      const versions = new Set<string>();
      for (let run = 1; run <= RUNS; run += 1) {
        for (let id = 0; id < KEYS; id += 1) {
          const chance = scatter(seed * 1000 + run, id);
          if (chance < 0.15) source.delete(id);
          else if (chance < 0.5) source.set(id, person(id, run * 10 + (id % 3), `run ${run}`));
        }
        for (const { id, seq } of source.values()) versions.add(`${id} ${seq}`);
        const rows = shuffled([...source.values()], seed + run);
        const report = await offload(staging, rows, {
          ingestionType: mode,
          deletes: 'snapshot',
          rowsPerPage: 7,
        });
        expect(report).toMatchObject({ verified: true, lakeRows: source.size });
        const current = await lakeQuery(staging, `SELECT id, seq, name FROM ${open(mode)} ORDER BY id`);
        const expected = [...source.values()]
          .toSorted((a, b) => a.id - b.id)
          .map(({ id, seq, name }) => [id, seq, name]);
        expect(current).toEqual(expected);
        expect((await wearOf(staging)).filter(({ rows: all, lost }) => lost >= all)).toEqual([]);
      }
      const [counted] = await lakeQuery(staging, 'SELECT count(*), count(DISTINCT (id, seq)) FROM documents');
      expect(counted?.[1]).toBe(mode === 'SCD_TYPE_1' ? source.size : versions.size);
      const live = (await wearOf(staging)).reduce((sum, { rows, lost }) => sum + rows - lost, 0);
      expect(counted?.[0]).toBe(live);
    });

async function vectorFile(staging: Staging): Promise<string> {
  const name = (await readdir(folderOf(staging))).find((file) => file.startsWith('deletion_vector_'));
  if (name === undefined) throw new Error('no vector');
  return path.join(folderOf(staging), name);
}

for (const mode of MODES) {
  test(`a deletion vector that is damaged or lost keeps a run from being published over it, under ${mode}`, async ({
    staging,
  }) => {
    await offload(staging, numbered([0, 1, 2, 3], 1), { ingestionType: mode });
    await offload(staging, numbered([0, 3], 2), { ingestionType: mode });
    const before = await everything(staging, mode);
    const file = await vectorFile(staging);
    const bytes = await readFile(file);
    for (const damage of [
      () => writeFile(file, bytes.with(bytes.length - 6, 255)),
      () => writeFile(file, bytes.subarray(0, -3)),
      () => rm(file),
    ]) {
      await damage();
      await expectRejection(
        offload(staging, numbered([1], 3), { ingestionType: mode }),
        'LAKE_UNAVAILABLE',
        /deletion_vector_/,
      );
      expect((await snapshotOf(staging)).version).toBe(1);
    }
    await writeFile(file, bytes);
    expect(await everything(staging, mode)).toEqual(before);
    const report = await offload(staging, numbered([1], 3), { ingestionType: mode });
    expect(report).toMatchObject({ verified: true, deltaVersion: 2, rows: outcomes({ updated: 1 }) });
  });
}

const everything = (staging: Staging, mode: Mode): Promise<unknown[][]> =>
  mode === 'SCD_TYPE_2' ? history(staging) : lakeQuery(staging, 'FROM documents ORDER BY ALL');

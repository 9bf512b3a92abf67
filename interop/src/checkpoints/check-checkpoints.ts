import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { toArrow } from '../changing/arrow-rows.ts';
import { columnFacts, type Batch } from '../checksums.ts';
import type { ClickHouse } from '../clickhouse.ts';
import { compared, show, type Comparison } from '../compare.ts';
import {
  openPeopleLake,
  PEOPLE_COLUMNS,
  rowOf,
  type Mode,
  type PeopleLake,
  type Person,
} from './people-lake.ts';

const MODES: readonly Mode[] = ['append', 'scd1', 'scd2'];

/** What delta-rs does to a table between two runs: see `maintain.py`. */
const MAINTENANCE = ['rewritten', 'cleaned', 'deleted', 'appended', 'often'] as const;
type Maintenance = (typeof MAINTENANCE)[number];

const FIRST: readonly Person[] = [1, 2, 3, 4].map((id) => [id, 1]);
const SECOND: readonly Person[] = [2, 3, 5].map((id) => [id, 2]);
const THIRD: readonly Person[] = [3, 6].map((id) => [id, 3]);
const FOURTH: readonly Person[] = [4, 7].map((id) => [id, 4]);

const COLUMNS = ['id', 'seq', 'name'];

/**
 * The rows of a table after all runs: of SCD_TYPE_1 the last of each id. Runs without a cursor read everything, and so bring back a row that
 * another tool has deleted, and end one that the source does not have; under SCD_TYPE_2 that one stays as history.
 */
function wantedRows(mode: Mode, maintenance: Maintenance): Person[] {
  const all = [...FIRST, ...SECOND, ...THIRD, ...FOURTH];
  const last = new Map(all.map((person) => [person[0], person]));
  if (mode === 'scd1') return [...last.values()];
  if (maintenance === 'appended') return [...all, [77, 1]];
  return mode === 'append' && maintenance === 'deleted' ? all.filter(([id]) => id !== 1) : all;
}

async function python(python3: string, script: string, args: readonly string[]): Promise<string> {
  const file = path.join(import.meta.dirname, script);
  return (await promisify(execFile)(python3, [file, ...args], { maxBuffer: 2 ** 26 })).stdout;
}

/** Removes the entries before the last checkpoint of a table, which is ours. */
async function removeEntries(table: string): Promise<string> {
  const log = path.join(table, '_delta_log');
  const files = await readdir(log);
  const last = files
    .filter((file) => file.endsWith('.checkpoint.parquet'))
    .toSorted()
    .at(-1);
  if (last === undefined) return 'no checkpoint';
  const before = files.filter((file) => /^\d{20}\.json$/.test(file) && file < last.slice(0, 20));
  for (const file of before) await rm(path.join(log, file));
  return `a checkpoint at ${Number(last.slice(0, 20))}, ${before.length} entries removed`;
}

const nameOf = (mode: Mode, maintenance: Maintenance): string => `${mode}_${maintenance}`;

const inOrder = (rows: readonly (readonly unknown[])[]): string =>
  rows
    .map((row) => JSON.stringify(row))
    .toSorted()
    .join(' ');

async function* batchesOf(people: readonly Person[]): AsyncGenerator<Batch> {
  yield* toArrow(PEOPLE_COLUMNS, people.map(rowOf)).batches;
}

const dataFiles = async (table: string): Promise<number> =>
  (await readdir(path.join(table, 'data'), { recursive: true })).length;

/** A table that asks for a feature is refused before a row of it is staged. */
async function checkRefusal(folder: string, python3: string): Promise<Comparison[]> {
  const tables = Object.fromEntries(MODES.map((mode) => [`${mode}_feature`, mode]));
  const lake = await openPeopleLake(folder, tables);
  try {
    await lake.offload(FIRST);
    const folders = Object.keys(tables).map((table) => lake.folderOf(table));
    await python(python3, 'maintain.py', ['feature', ...folders]);
    const before = await Promise.all(folders.map(dataFiles));
    const ended = await lake.offload(SECOND).then(
      () => 'published',
      () => 'refused',
    );
    const after = await Promise.all(folders.map(dataFiles));
    const named = await promisify(execFile)('lance-offload', ['history', 'scd1_feature'], {
      cwd: folder,
      env: { ...process.env, LANCEDB_API_KEY: 'unused' },
    }).catch((error: { stderr: string }) => error);
    return [
      compared('a run', 'refused', ended),
      compared('its data files', before.join(', '), after.join(', ')),
      compared('the feature', 'changeDataFeed', /changeDataFeed/.exec(named.stderr)?.[0] ?? named.stderr),
    ];
  } finally {
    lake.close();
  }
}

async function makeLake(lake: PeopleLake, python3: string): Promise<Comparison[]> {
  const foldersOf = (maintenance: Maintenance) =>
    MODES.map((mode) => lake.folderOf(nameOf(mode, maintenance)));
  await lake.offload(FIRST);
  await lake.offload(SECOND);
  for (const maintenance of MAINTENANCE)
    await python(python3, 'maintain.py', [maintenance, ...foldersOf(maintenance)]);
  await lake.offload(THIRD);
  const removed = await Promise.all(foldersOf('often').map(removeEntries));
  await lake.offload(FOURTH);
  return removed.map((what, index) =>
    compared(`${MODES[index]}, written by lance-offload`, 'a checkpoint at 3, 3 entries removed', what),
  );
}

/**
 * Tables in all modes, maintained by delta-rs between two runs, or with a checkpoint of ours and the entries before it removed. After another
 * run, delta-rs, DuckDB's Delta reader and ClickHouse must find every row there must be, and no other.
 */
async function checkCheckpoints(
  folder: string,
  python3: string,
  clickhouse: ClickHouse,
): Promise<Comparison[]> {
  const tables = MAINTENANCE.flatMap((maintenance) =>
    MODES.map((mode) => ({ mode, maintenance, name: nameOf(mode, maintenance) })),
  );
  const lake = await openPeopleLake(folder, Object.fromEntries(tables.map(({ name, mode }) => [name, mode])));
  try {
    const comparisons = await makeLake(lake, python3);
    const folders = tables.map(({ name }) => lake.folderOf(name));
    const read: Readonly<Record<string, Readonly<Record<string, unknown[][]>>>> = JSON.parse(
      await python(python3, 'read_rows.py', [COLUMNS.join(','), ...folders]),
    );
    for (const { mode, maintenance, name } of tables) {
      const rows = wantedRows(mode, maintenance);
      const wanted = inOrder(rows.map(([id, seq]) => [id, seq, `${id} at ${seq}`]));
      for (const [reader, found] of Object.entries(read))
        comparisons.push(compared(`${name}, ${reader}`, wanted, inOrder(found[lake.folderOf(name)] ?? [])));
      const facts = await columnFacts(batchesOf(rows));
      const relation = { folder: lake.folderOf(name), version: 'latest' } as const;
      const inClickHouse = await columnFacts(clickhouse.batches(relation), COLUMNS);
      const sums = (columns: typeof facts) =>
        COLUMNS.map((column) => {
          const found = columns.get(column);
          return found ? show(found) : 'missing';
        }).join('; ');
      comparisons.push(compared(`${name}, ClickHouse`, sums(facts), sums(inClickHouse)));
    }
    return comparisons;
  } finally {
    lake.close();
  }
}

/** Both: what is carried on, and what is refused. */
export async function checkMaintenance(
  folder: string,
  python3: string,
  clickhouse: ClickHouse,
): Promise<Comparison[]> {
  return [
    ...(await checkCheckpoints(path.join(folder, 'carried-on'), python3, clickhouse)),
    ...(await checkRefusal(path.join(folder, 'refused'), python3)),
  ];
}

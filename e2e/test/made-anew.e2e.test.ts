import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunReport } from '@lance-offload/core';
import type { RunStatus } from '@lance-offload/fleet';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { appendsOf, CASES, makeTable, optionsOf, type AnewRow, type MadeAnewCase } from '../src/made-anew.ts';
import type { World } from '../src/world.ts';

// A source table that is dropped and made anew under its name: what the next run makes of it, in each mode, as the table
// in docs/ingestion.md has it. `vitest -u` writes that table from what was found.

const PAGE = path.resolve(import.meta.dirname, '../../docs/ingestion.md');
const HEADING = '## A table that is dropped and made anew';

/** Fifty-four tables, five times: on a busy machine that takes its time. */
const TAKES_LONG = { timeout: 900_000 };

type Told = RunStatus & Partial<RunReport>;

async function run(
  world: World,
  cases: readonly MadeAnewCase[],
  ...args: string[]
): Promise<Map<string, Told>> {
  const names = cases.map(({ table }) => table);
  const { tables } = await world.ask<{ tables: Told[] }>('run', ...names, ...args);
  return new Map(tables.map((told) => [told.table, told]));
}

interface LakeRow {
  readonly id: number;
  readonly text: string;
  readonly open: boolean;
}

async function rowsOfLake(world: World, { table, mode }: MadeAnewCase): Promise<LakeRow[]> {
  const open = mode === 'SCD_TYPE_2' ? '__END_AT IS NULL' : 'true';
  const wrong = mode === 'SCD_TYPE_2' ? '__END_AT <= __START_AT' : 'false';
  const rows = await world.lake.sql(
    `SELECT id, text, ${open} AS open, ${wrong} IS TRUE AS wrong FROM "${table}" ORDER BY text, id`,
  );
  expect(rows.filter((row) => row['wrong'] === true)).toEqual([]);
  return rows.map((row) => ({
    id: Number(row['id']),
    text: String(row['text']),
    open: row['open'] === true,
  }));
}

const REFUSED = /was dropped and made anew at the source .*; use --full .*, or set destination_table/;

function sourceRows(appends: readonly AnewRow[][], open: boolean): LakeRow[] {
  const rows = appends.flat().map(({ id, text }) => ({ id, text, open }));
  return rows.toSorted((a, b) => a.id - b.id);
}

/** What became of a table, in the words of the documentation, or what it holds that those words do not say. */
function wordsFor(one: MadeAnewCase, told: Told | undefined, lake: readonly LakeRow[]): string {
  const { old, anew } = appendsOf(one);
  const holds = (...rows: readonly LakeRow[][]): boolean =>
    JSON.stringify(lake) === JSON.stringify(rows.flat());
  const news = sourceRows(anew, true);
  const [failure] = told?.failures ?? [];
  if (failure)
    return REFUSED.test(failure.message) && holds(sourceRows(old, true)) ? 'refused' : failure.message;
  const sure = told?.state === 'published' && told.verified && told.notes?.join().includes('made anew');
  if (sure && one.mode === 'SCD_TYPE_1' && holds(news)) return 'new rows in, old ones deleted';
  if (sure && one.mode === 'SCD_TYPE_2' && holds(news, sourceRows(old, false)))
    return 'new rows open, old ones closed';
  if (sure && one.mode === 'APPEND_ONLY' && holds(news, sourceRows(old, true)))
    return 'new rows beside the old ones';
  return `${told?.state}, verified: ${told?.verified}: ${JSON.stringify(lake)}`;
}

/** The documentation's table, of what was found. */
function documented(found: ReadonlyMap<string, string>): string {
  const rows = new Map<string, string[]>();
  for (const one of CASES) {
    const key = `\`${one.mode}\` | ${one.reads}`;
    rows.set(key, [...(rows.get(key) ?? []), found.get(one.table) ?? 'not run']);
  }
  const versions = ['lower', 'same', 'higher'].flatMap((version) => [version, `${version}, \`--full\``]);
  const head = ['`ingestion_type`', 'reads', ...versions];
  const lines = [...rows].map(([key, cells]) => `| ${key} | ${cells.join(' | ')} |`);
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...lines].join('\n');
}

/** The page with its table in the place of the one that is there. */
async function pageWith(table: string): Promise<string> {
  const page = await readFile(PAGE, 'utf8');
  const [before, after = ''] = page.split(`${HEADING}\n`);
  return `${before}${HEADING}\n${after.replace(/(?<=\n)\| `ingestion_type` \| reads \|(?:.*\n)(?:\|.*\n)+/, () => `${table}\n`)}`;
}

test(
  'a table that is dropped and made anew at the source is never taken for the old one, at whichever version, in no mode',
  TAKES_LONG,
  async ({ world }) => {
    for (const one of CASES) await makeTable(world.uri, one.table, appendsOf(one).old);
    const tables = Object.fromEntries(CASES.map((one) => [one.table, optionsOf(one)]));
    await world.serve({ tables });
    await world.worker();
    const first = await run(world, CASES);
    expect([...first.values()].filter(({ verified }) => verified !== true)).toEqual([]);

    for (const one of CASES) await makeTable(world.uri, one.table, appendsOf(one).anew);
    // What it says does not depend on what the next run is told to do.
    const plain = CASES.filter(({ full }) => !full);
    const verified = await world.ask<{ tables: { agrees: boolean; error?: { message: string } }[] }>(
      'verify',
      ...plain.map(({ table }) => table),
    );
    expect(verified.tables).toHaveLength(plain.length);
    for (const { agrees, error } of verified.tables) {
      expect(agrees).toBe(false);
      expect(error?.message).toMatch(/^\[VERSION_GONE\] .* was dropped and made anew at the source/);
    }

    const told = new Map([
      ...(await run(
        world,
        CASES.filter(({ full }) => !full),
      )),
      ...(await run(
        world,
        CASES.filter(({ full }) => full),
        '--full',
      )),
    ]);
    const found = new Map<string, string>();
    for (const one of CASES)
      found.set(one.table, wordsFor(one, told.get(one.table), await rowsOfLake(world, one)));
    await expect(await pageWith(documented(found))).toMatchFileSnapshot(PAGE);

    // From here on it is the table the lake holds.
    const settled = CASES.filter(({ table }) => found.get(table) !== 'refused');
    const again = await run(world, settled);
    expect(
      [...again.values()].filter(({ state, verified: proved }) => state !== 'unchanged' || proved !== true),
    ).toEqual([]);
    const some = settled
      .filter(({ version, full }) => version === 'lower' && !full)
      .map(({ table }) => table);
    expect(await world.ask('verify', ...some)).toMatchObject({ agrees: true });
    expect(some).toHaveLength(7);
  },
);

import { execFile } from 'node:child_process';
import { glob, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { World } from './world.ts';

const ARCHIVE = path.resolve(import.meta.dirname, '../fixtures/lake-2026-11-25.tar.gz');

type Contents = Readonly<Record<string, readonly object[]>>;

/** Rows by view: of the lake as it was packed, and of the tables with open runs after these were published. */
export interface ExpectedLake {
  readonly before: Contents;
  readonly resumed: Contents;
}

/** Unpacks the lake of an earlier release, and its source, into a world of its own; returns what must be in it. */
export async function unpackOlderLake(world: World): Promise<ExpectedLake> {
  await promisify(execFile)('tar', ['-xzf', ARCHIVE, '-C', world.folder]);
  const expected: ExpectedLake = JSON.parse(await readFile(path.join(world.folder, 'expected.json'), 'utf8'));
  return expected;
}

/** Says that the source of the lake's runs is at another address: they are refused where it is another one. */
export async function moveSource(world: World, url: string): Promise<void> {
  const packed = await readFile(path.join(world.folder, 'url'), 'utf8');
  for await (const file of glob('lake/tables/**/*.json', { cwd: world.folder })) {
    const text = await readFile(path.join(world.folder, file), 'utf8');
    await writeFile(path.join(world.folder, file), text.replaceAll(packed, url));
  }
}

/** A row as text, equal for equal rows. */
export const rowText = (row: object): string =>
  JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

/** Rows as texts, in one order. */
export const rowTexts = (rows: readonly object[]): string[] => rows.map(rowText).toSorted();

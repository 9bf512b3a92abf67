import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { compared, type Comparison } from '../compare.ts';
import type { ChangedLake } from './changed-lake.ts';
import { readVectorFiles } from './vector-containers.ts';

/** The little of a log's actions that is looked at here. */
interface Action {
  readonly add?: { readonly path: string; readonly deletionVector?: unknown };
  readonly remove?: { readonly path: string; readonly deletionVector?: unknown };
}

/** The actions of each entry of a table's log. */
async function readLog(table: string): Promise<Action[][]> {
  const folder = path.join(table, '_delta_log');
  const entries = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(
    entries.map(async (name) => {
      const lines = (await readFile(path.join(folder, name), 'utf8')).trim().split('\n');
      return lines.map((line): Action => JSON.parse(line));
    }),
  );
}

interface TableVectors {
  readonly table: string;
  readonly containers: readonly string[];
  /** Vectors of the file that holds the most. */
  readonly inOneFile: number;
  /** Files added with a vector that no earlier entry knows. */
  readonly onFreshFiles: number;
  /** Files that had a vector, lost their last row, and are gone. */
  readonly emptied: number;
}

async function vectorsOf(table: string, folder: string): Promise<TableVectors> {
  const files = await readVectorFiles(folder);
  const known = new Set<string>();
  let [onFreshFiles, emptied] = [0, 0];
  for (const actions of await readLog(folder)) {
    const added = actions.flatMap(({ add }) => add ?? []);
    const stays = new Set(added.map((add) => add.path));
    onFreshFiles += added.filter((add) => add.deletionVector && !known.has(add.path)).length;
    emptied += actions.filter(({ remove }) => remove?.deletionVector && !stays.has(remove.path)).length;
    for (const add of added) known.add(add.path);
  }
  return {
    table,
    containers: files.flatMap(({ vectors }) => vectors.flat()),
    inOneFile: Math.max(0, ...files.map(({ vectors }) => vectors.length)),
    onFreshFiles,
    emptied,
  };
}

/** That the lake has deletion vectors of every kind a reader must know: else the other comparisons prove less than they say. */
export async function compareVectors({ tables }: ChangedLake): Promise<Comparison[]> {
  const found = await Promise.all(tables.map(({ script, folder }) => vectorsOf(script.name, folder)));
  const withSome = (has: (facts: TableVectors) => boolean) => found.filter(has).map(({ table }) => table);
  const names = tables.map(({ script }) => script.name).join(', ');
  const kinds = [...new Set(found.flatMap(({ containers }) => containers))].toSorted();
  return [
    compared('kinds of containers', 'array, bitmap, run', kinds.join(', ')),
    compared('tables with vectors', names, withSome(({ containers }) => containers.length > 0).join(', ')),
    compared('on fresh files', names, withSome(({ onFreshFiles }) => onFreshFiles > 0).join(', ')),
    compared(
      'several in one file',
      'yes',
      withSome(({ inOneFile }) => inOneFile > 1).length > 0 ? 'yes' : 'no',
    ),
    compared(
      'files that lost all rows',
      'yes',
      withSome(({ emptied }) => emptied > 0).length > 0 ? 'yes' : 'no',
    ),
  ];
}

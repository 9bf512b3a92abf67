import { rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { note } from '../note.ts';
import { runProgram } from '../processes.ts';
import { stageChanges } from './kept-lake.ts';
import { measureRound, type Round, type Widths } from './measure-round.ts';
import { summariseMerges } from './merge-summary.ts';
import { printMerges } from './print-merges.ts';

interface Options {
  readonly rows: number;
  readonly changed: number;
  readonly dimensions: Widths;
  readonly rounds: number;
  readonly json: boolean;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

function threeWidths(text: string): Widths {
  const [narrow, usual, wide, ...more] = text.split(',').map(wholeNumber);
  if (narrow !== undefined && usual !== undefined && wide !== undefined && more.length === 0)
    return { narrow, usual, wide };
  throw new InvalidArgumentError('It must be three numbers, like 8,768,1536.');
}

async function benchMerge({ rows, changed, dimensions, rounds, json }: Options): Promise<void> {
  const folder = path.resolve('.bench', 'merge');
  const [loadBefore = 0] = loadavg();
  const stage = async (ingestionType: 'SCD_TYPE_1' | 'SCD_TYPE_2', width: number) => {
    note(`staging ${changed} changes of ${rows} rows × ${width}, ${ingestionType} (kept in .bench)`);
    return stageChanges(folder, { rows, dimensions: width, ingestionType }, changed);
  };
  try {
    const lakes = {
      narrow: await stage('SCD_TYPE_1', dimensions.narrow),
      usual: await stage('SCD_TYPE_1', dimensions.usual),
      wide: await stage('SCD_TYPE_1', dimensions.wide),
      history: await stage('SCD_TYPE_2', dimensions.usual),
    };
    await runProgram('sync', []); // or the first commits would pay for the pages
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      note(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      const figures = await measureRound(lakes, path.join(folder, 'work'));
      if (round > 0) measured.push(figures);
    }
    printMerges(summariseMerges(measured, { rows, changed, dimensions, loadBefore }), json);
  } finally {
    await rm(path.join(folder, 'work'), { recursive: true, force: true });
  }
}

export function mergeCommand(): Command {
  return new Command('merge')
    .description('What an upsert costs, beside one that rewrites files with DuckDB, and at several widths.')
    .option('--rows <n>', 'rows of the table', wholeNumber, 500_000)
    .option('--changed <n>', 'changed rows, spread over all its files', wholeNumber, 10_000)
    .addOption(
      new Option('--dimensions <list>', 'of its float32 vectors: few, those to compare with DuckDB, many')
        .argParser(threeWidths)
        .default({ narrow: 8, usual: 768, wide: 1536 } satisfies Widths, '8,768,1536'),
    )
    .option('--rounds <n>', 'counted rounds, after one that is not', wholeNumber, 3)
    .option('--json', 'print JSON', false)
    .action(async (options: Options, command: Command) => {
      if (options.changed > options.rows) command.error('error: there are more changed rows than rows');
      await benchMerge(options);
    });
}

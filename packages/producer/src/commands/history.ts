import { OffloadError } from '@lance-offload/base';
import { readHistory, type Staging } from '@lance-offload/core';
import { readSnapshot } from '@lance-offload/delta';
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import type { GlobalOptions } from '../context.ts';
import { historyTable, olderLines } from '../screen/history-words.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

/** Commits that are shown where nothing else is asked for. */
const LIMIT = 20;

/** Commits of one table on the screen: all of them as text at once would take minutes to lay out. */
const PART = 500;

interface HistoryOptions extends GlobalOptions {
  readonly limit: number;
  readonly before?: number;
  readonly all?: boolean;
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

function version(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 0.');
}

/** The latest version of a table; refuses a table that is not there, or of a newer release. */
async function latestVersion(table: string, staging: Staging): Promise<number> {
  const place = staging.table(table);
  const snapshot = await readSnapshot(place);
  if (snapshot) return snapshot.version;
  const published = (await staging.listTables()).join(', ') || 'none';
  const message = `The lake has no table "${table}" (it has: ${published})`;
  throw new OffloadError('LAKE_NOT_FOUND', message, { table, path: place.locate('') });
}

/** Prints every commit as text, a table of some hundreds after the other. */
async function printAll(table: string, newest: number, staging: Staging): Promise<void> {
  for (let from = newest; ;) {
    const part = await readHistory(staging.table(table), from, PART);
    print(false, undefined, () =>
      [historyTable(part.commits), ...(part.hasOlder ? [] : olderLines(table, part))].join('\n'),
    );
    const oldest = part.commits.at(-1)?.version;
    if (!part.hasOlder || oldest === undefined) return;
    from = oldest - 1;
  }
}

export function historyCommand(): Command {
  const command = subcommand(
    'history <table> [options]',
    'List the commits of a lake table, newest first, and what became of the rows each run read.',
    ['history documents', 'history documents --before 480 --limit 100', 'history documents --all --json'],
  );
  return command
    .addOption(new Option('--limit <n>', 'how many commits to list').argParser(count).default(LIMIT))
    .addOption(
      new Option('--before <version>', 'begin with the commit before this Delta version').argParser(version),
    )
    .addOption(new Option('--all', 'list every commit, whatever the limit'))
    .addArgument(new Argument('<table>', 'name of the table in the lake'))
    .action((table: string) =>
      withContext<HistoryOptions>(command, async ({ staging }, { json, limit, before, all = false }) => {
        const latest = await latestVersion(table, staging);
        const newest = before === undefined ? latest : Math.min(latest, before - 1);
        if (all && !json) {
          await printAll(table, newest, staging);
          return 0;
        }
        const part = await readHistory(staging.table(table), newest, all ? Number.POSITIVE_INFINITY : limit);
        print(json, part.commits, () => [historyTable(part.commits), ...olderLines(table, part)].join('\n'));
        return 0;
      }),
    );
}

import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { verifyTables, type VerifyOptions } from '../run/verify-tables.ts';
import { subcommand, withContext } from './command.ts';

const SHOWN = 10;
const MOST_SHOWN = 100_000;

function shownCount(text: string): number {
  const count = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= MOST_SHOWN) return count;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${MOST_SHOWN}.`);
}

export function verifyCommand(): Command {
  const command = subcommand(
    'verify [table...] [options]',
    'Prove the lake against the source: read both again, the source at the version that was committed, and say which keys differ. Exit code 0 if every table agrees.',
    ['verify', 'verify documents people', 'verify people --show 100 --json'],
  );
  return command
    .addArgument(
      new Argument(
        '[table...]',
        'tables to verify, by their names at the source or patterns of them; the configured ones where none is named',
      ),
    )
    .addOption(
      new Option('--show <n>', 'name so many differences of each kind; all are counted')
        .argParser(shownCount)
        .default(SHOWN),
    )
    .action((names: string[]) =>
      withContext<VerifyOptions>(command, (context, options) => verifyTables(names, context, options)),
    );
}

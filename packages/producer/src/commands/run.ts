import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { runTables } from '../run/run-tables.ts';
import { subcommand, withContext } from './command.ts';

export function workerCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new InvalidArgumentError('It must be a whole number from 1 to 64.');
}

export function runCommand(): Command {
  const command = subcommand(
    'run [table...] [options]',
    'Offload tables: pin their versions, enqueue their pages, follow the runs until they are published.',
    [
      'run',
      'run documents people',
      "run 'docs_*'                  # quoted, or the shell takes it for files",
      'run --workers 2               # a laptop: brings its own workers, and Redis where none listens',
      'run people --sweep-deletes     # an incremental run that also finds what was deleted',
      'run people --full              # start over, instead of going on from the cursor',
      'run --resume                  # every open run of the lake',
      'run --resume documents-20261122T101500Z-7f3a',
      'run --json --report report.json',
    ],
  );
  return command
    .addArgument(
      new Argument(
        '[table...]',
        'tables to offload, or patterns of their names; the configured ones where none is named',
      ),
    )
    .addOption(
      new Option(
        '-w, --workers <n>',
        'start this many worker processes for the time of the command',
      ).argParser(workerCount),
    )
    .addOption(
      new Option(
        '--resume [run...]',
        'follow open runs again (all of them where none is named); take them up from the lake where the queue has lost them. What is paused goes on with `lance-offload resume` instead',
      ).conflicts('detach'),
    )
    .addOption(
      new Option('--full', 'read everything, whatever the cursor and the last commit').conflicts('resume'),
    )
    .addOption(
      new Option(
        '--sweep-deletes',
        'incremental SCD runs: read the keys of the whole table too, and delete or close those that are gone',
      ).conflicts('resume'),
    )
    .option('--detach', 'enqueue and leave: do not follow the runs')
    .option('--report <file>', 'also write the final report to a file')
    .addOption(new Option('--worker-log <file>', 'append the log of --workers to a file'))
    .action((names: string[]) =>
      withContext(command, (context, options) => runTables(names, context, options)),
    );
}

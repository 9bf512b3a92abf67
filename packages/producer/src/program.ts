import { VERSION } from '@lance-offload/base';
import { Option, type Command } from 'commander';
import { cancelCommand } from './commands/cancel.ts';
import { historyCommand } from './commands/history.ts';
import { limitsCommand } from './commands/limits.ts';
import { pauseCommand, resumeCommand } from './commands/pause.ts';
import { planCommand } from './commands/plan.ts';
import { queryCommand } from './commands/query.ts';
import { retryCommand } from './commands/retry.ts';
import { runCommand } from './commands/run.ts';
import { scheduleCommand } from './commands/schedule.ts';
import { schemaCommand } from './commands/schema.ts';
import { statusCommand } from './commands/status.ts';
import { tablesCommand } from './commands/tables.ts';
import { verifyCommand } from './commands/verify.ts';
import { ProgramCommand } from './program-command.ts';

const USAGE_ERROR = 2;

/** The command line. Wrong usage ends the process with exit code 2. */
export function createProgram(): Command {
  const program = new ProgramCommand('lance-offload')
    .description('Offloads LanceDB tables into a Delta lake, through a fleet of workers.')
    .version(VERSION)
    .addOption(
      new Option('-c, --config <file>', 'configuration file')
        .default('offload.yaml')
        .env('LANCE_OFFLOAD_CONFIG'),
    )
    .addOption(
      new Option('--log-level <level>', 'least level that is logged, to standard error')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('error')
        .env('LANCE_OFFLOAD_LOG_LEVEL'),
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failure, 2 wrong usage, 78 wrong configuration, 130 stopped by Ctrl-C.',
    );
  const commands = [
    tablesCommand(),
    schemaCommand(),
    planCommand(),
    runCommand(),
    statusCommand(),
    retryCommand(),
    cancelCommand(),
    pauseCommand(),
    resumeCommand(),
    limitsCommand(),
    queryCommand(),
    verifyCommand(),
    historyCommand(),
    scheduleCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands]) {
    command
      .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_ERROR))
      .allowExcessArguments(false)
      .showHelpAfterError('(--help tells what there is)');
  }
  return program;
}

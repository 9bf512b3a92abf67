import { VERSION } from '@lance-offload/base';
import { Command, InvalidArgumentError, Option, type CommanderError } from 'commander';

export interface DashboardArguments {
  readonly config: string;
  readonly host: string;
  readonly port: number;
  readonly readOnly: boolean;
  /** Names it answers to besides `localhost` and IP addresses. */
  readonly allowedHosts: readonly string[];
  /** Whether it stands behind one proxy, whose `X-Forwarded-*` it takes for true. */
  readonly trustProxy: boolean;
  readonly logLevel: string;
}

const USAGE_ERROR = 2;
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'];

const NOTES = `
Users are in the configuration, under dashboard.users. Without them there is no login, and only this machine is served.

Examples:
  lance-dashboard
  lance-dashboard hash-password                                                a hash for dashboard.users
  lance-dashboard --config /etc/offload.yaml --read-only --port 8080
  lance-dashboard --host 0.0.0.0 --trust-proxy --allowed-host board.internal   behind a proxy with https`;

/** What the command line asks for. */
export interface DashboardCommands {
  readonly serve: (options: DashboardArguments) => Promise<void>;
  readonly hashPassword: () => Promise<void>;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

function serveCommand(): Command {
  return new Command('lance-dashboard')
    .description('Shows the queues of the fleet in a browser, and lets an operator retry what failed.')
    .version(VERSION)
    .addOption(
      new Option('-c, --config <file>', 'configuration file')
        .default('offload.yaml')
        .env('LANCE_OFFLOAD_CONFIG'),
    )
    .addOption(
      new Option('--host <address>', 'where to listen').default('127.0.0.1').env('LANCE_DASHBOARD_HOST'),
    )
    .addOption(
      new Option('--port <n>', 'the port, 0 for any free one')
        .default(3000)
        .env('LANCE_DASHBOARD_PORT')
        .argParser(portNumber),
    )
    .option('--read-only', 'show only: no retries, no pausing, whoever asks', false)
    .option('--allowed-host <name...>', 'names it may be called by, besides localhost and IP addresses', [])
    .option('--trust-proxy', 'believe X-Forwarded-Proto and X-Forwarded-For: it stands behind a proxy', false)
    .addOption(
      new Option('--log-level <level>', 'least level that is logged')
        .choices(LOG_LEVELS)
        .default('info')
        .env('LANCE_OFFLOAD_LOG_LEVEL'),
    )
    .addHelpText('after', NOTES);
}

const exit = (error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : USAGE_ERROR);

/**
 * Reads the command line and does what it says; ends the process with exit code 2 where it is wrong. Options are also
 * taken from `LANCE_DASHBOARD_*`.
 */
export async function parseArguments(argv: readonly string[], commands: DashboardCommands): Promise<void> {
  const program = serveCommand().exitOverride(exit).allowExcessArguments(false);
  program.action((options: Omit<DashboardArguments, 'allowedHosts'> & { allowedHost: string[] }) => {
    const { allowedHost: allowedHosts, ...rest } = options;
    return commands.serve({ ...rest, allowedHosts });
  });
  program
    .command('hash-password')
    .description('Read a password from standard input, and print the hash that dashboard.users takes.')
    .allowExcessArguments(false)
    .action(() => commands.hashPassword());
  await program.parseAsync([...argv]);
}

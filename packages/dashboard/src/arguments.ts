import { VERSION } from '@lance-offload/core';
import { Command, InvalidArgumentError, Option } from 'commander';

export interface DashboardArguments {
  readonly config: string;
  readonly host: string;
  readonly port: number;
  readonly readOnly: boolean;
  readonly allowRemote: boolean;
  /** Names it answers to besides `localhost` and IP addresses. */
  readonly allowedHosts: readonly string[];
  readonly logLevel: string;
}

const USAGE_ERROR = 2;
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'];

const NOTES = `
There is no login. Without --allow-remote only loopback is served; let others in through a proxy that asks who they are.

Examples:
  lance-dashboard
  lance-dashboard --config /etc/offload.yaml --read-only --port 8080
  lance-dashboard --host 0.0.0.0 --allow-remote --allowed-host board.internal    behind a proxy, or in a container`;

function portNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

/** Reads the command line; ends the process with exit code 2 where it is wrong. Options are also taken from `LANCE_DASHBOARD_*`. */
export function parseArguments(argv: readonly string[]): DashboardArguments {
  const command = new Command('lance-dashboard')
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
    .option('--read-only', 'show only: no retries, no pausing', false)
    .option('--allow-remote', 'listen on an address other machines reach, although there is no login', false)
    .option('--allowed-host <name...>', 'names it may be called by, besides localhost and IP addresses', [])
    .addOption(
      new Option('--log-level <level>', 'least level that is logged')
        .choices(LOG_LEVELS)
        .default('info')
        .env('LANCE_OFFLOAD_LOG_LEVEL'),
    )
    .addHelpText('after', NOTES)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_ERROR))
    .allowExcessArguments(false)
    .parse([...argv]);
  const { allowedHost, ...options } = command.opts<
    Omit<DashboardArguments, 'allowedHosts'> & { allowedHost: string[] }
  >();
  return { ...options, allowedHosts: allowedHost };
}

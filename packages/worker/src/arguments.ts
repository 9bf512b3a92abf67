import { VERSION } from '@lance-offload/base';
import { Command, InvalidArgumentError, Option } from 'commander';

export interface WorkerArguments {
  readonly config: string;
  readonly concurrency: number;
  readonly threads: number;
  readonly graceMs: number;
  readonly logLevel: string;
  /** Where `/healthz` and `/readyz` are answered; without a port, nowhere. */
  readonly healthHost: string;
  readonly healthPort?: number;
  /** Stop when standard input closes: for a parent process that must not leave workers behind, however it ends. */
  readonly exitWithStdin: boolean;
}

const USAGE_ERROR = 2;

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Reads the command line; ends the process with exit code 2 where it is wrong. Options are also taken from `LANCE_WORKER_*`. */
export function parseArguments(argv: readonly string[], cores: number): WorkerArguments {
  const threads = Math.max(1, Math.floor(cores / 2));
  const command = new Command('lance-worker')
    .description(
      'Fetches pages from LanceDB, stages them as Parquet, and commits finished runs. Start as many as you like, on any host.',
    )
    .version(VERSION)
    .addOption(
      new Option('-c, --config <file>', 'configuration file')
        .default('offload.yaml')
        .env('LANCE_OFFLOAD_CONFIG'),
    )
    .addOption(
      new Option('--concurrency <n>', 'pages under way at once (default: threads + 1)')
        .env('LANCE_WORKER_CONCURRENCY')
        .argParser(wholeNumber(1, 256)),
    )
    .addOption(
      new Option('--threads <n>', 'threads that transform pages')
        .default(threads, `half the cores: ${threads}`)
        .env('LANCE_WORKER_THREADS')
        .argParser(wholeNumber(1, 256)),
    )
    .addOption(
      new Option('--grace <seconds>', 'how long pages under way may finish after SIGTERM')
        .default(25)
        .env('LANCE_WORKER_GRACE')
        .argParser(wholeNumber(0, 86_400)),
    )
    .addOption(
      new Option('--health-port <n>', 'answer GET /healthz and /readyz on this port (default: off)')
        .env('LANCE_WORKER_HEALTH_PORT')
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(
      new Option('--health-host <address>', 'on this address')
        .default('127.0.0.1')
        .env('LANCE_WORKER_HEALTH_HOST'),
    )
    .addOption(
      new Option('--log-level <level>', 'least level that is logged')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info')
        .env('LANCE_OFFLOAD_LOG_LEVEL'),
    )
    .option(
      '--exit-with-stdin',
      'stop when standard input closes, as `lance-offload run --workers` needs it',
      false,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  lance-worker\n  lance-worker --config /etc/offload.yaml --concurrency 4 --threads 2',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_ERROR))
    .allowExcessArguments(false)
    .parse([...argv]);
  const options = command.opts<{
    config: string;
    concurrency?: number;
    threads: number;
    grace: number;
    logLevel: string;
    healthHost: string;
    healthPort?: number;
    exitWithStdin: boolean;
  }>();
  return {
    config: options.config,
    concurrency: options.concurrency ?? options.threads + 1,
    threads: options.threads,
    graceMs: options.grace * 1000,
    logLevel: options.logLevel,
    healthHost: options.healthHost,
    ...(options.healthPort !== undefined && { healthPort: options.healthPort }),
    exitWithStdin: options.exitWithStdin,
  };
}

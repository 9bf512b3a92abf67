import { Command, InvalidArgumentError, Option } from 'commander';
import type { Compression } from './ipc/compress.ts';
import type { ServerOptions } from './server.ts';

const KEY_VARIABLE = 'LANCEDB_SERVER_API_KEY';

interface Flags {
  uri: string;
  host: string;
  port: number;
  apiKey?: string;
  maxK?: number;
  latencyMs?: number;
  rateLimit?: number;
  compression?: Compression;
}

const EXAMPLES = `
Examples:
  $ lancedb-server --uri ./data
  $ ${KEY_VARIABLE}=secret lancedb-server --uri ./data --host 0.0.0.0
  $ lancedb-server --uri ./data --max-k 500 --latency-ms 20 --rate-limit 50    play a busy Cloud

The official client, and anything else that speaks the Cloud's API, connects with a host override:
  connect({ uri: 'db://dev', apiKey: 'any', hostOverride: 'http://127.0.0.1:8181' })
`;

/**
 * The options on the command line.
 * @throws CommanderError, having printed what is wrong, the help or the version. Its `exitCode` is 0 for the latter two.
 */
export function parseArgs(argv: string[]): ServerOptions {
  const command = new Command('lancedb-server')
    .description('Serves a folder of LanceDB tables, read-only, over the LanceDB Cloud REST API.')
    .requiredOption('--uri <dir>', 'the folder of tables')
    .option('--host <address>', 'where to listen; other than loopback, a key is required', '127.0.0.1')
    .option('--port <number>', 'the port, 0 for any free one', wholeNumber(0, 65_535), 8181)
    .addOption(new Option('--api-key <key>', 'clients must send this as x-api-key').env(KEY_VARIABLE))
    .option('--max-k <rows>', 'answer with at most this many rows', wholeNumber(1))
    .option('--latency-ms <ms>', 'wait this long before every answer', wholeNumber(0))
    .option('--rate-limit <rps>', 'answer 429 to more requests per second than this', positiveNumber)
    .addOption(new Option('--compression <codec>', 'compress record batches').choices(['lz4', 'zstd']))
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  return command.parse(argv, { from: 'user' }).opts<Flags>();
}

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

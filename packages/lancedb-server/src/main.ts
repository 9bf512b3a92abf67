import { CommanderError } from 'commander';
import { destination, pino } from 'pino';
import { parseArgs } from './args.ts';
import { dropOutputNobodyReads } from './closed-pipe.ts';
import { UsageError } from './errors.ts';
import { startServer } from './server.ts';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

async function main(): Promise<void> {
  const options = parseArgs(process.argv.slice(2));
  const logger = pino({ name: 'lancedb-server' }, destination({ dest: process.stderr.fd, sync: true }));
  const server = await startServer({ ...options, logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal }, 'stopping');
      void server.close().then(() => process.exit(0));
    });
  }
  process.stdout.write(`lancedb-server listening on ${server.url}\n`);
}

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  process.stderr.write(`lancedb-server: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
}

dropOutputNobodyReads();
try {
  await main();
} catch (error) {
  process.exitCode = exitCodeFor(error);
}

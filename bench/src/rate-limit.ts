import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { makeTable, tableName } from './make-table.ts';
import { runProgram, startService } from './processes.ts';

const API_KEY = 'sk_bench';
const REDIS_PORT = 16_398;
const ROWS_PER_PAGE = 5;
/** What is promised: the time beside the ideal, and the part of requests that is answered 429. */
const [MOST_TIME, MOST_REFUSED] = [1.15, 0.05];

interface RateLimitOptions {
  readonly limit: number;
  readonly requests: number;
  readonly workers: number;
  readonly json: boolean;
}

interface Figures {
  readonly requests: number;
  readonly idealSeconds: number;
  /** From the first query to the last answer, by the server's log. */
  readonly seconds: number;
  readonly timesIdeal: number;
  readonly refused: number;
  readonly refusedPercent: number;
  readonly ok: boolean;
}

export function rateLimitCommand(): Command {
  return new Command('rate-limit')
    .description('How close workers that share a rate limit come to it, and how often they run into it.')
    .option('--limit <n>', 'requests a second the server takes', Number, 20)
    .option('--requests <n>', 'pages of the table, each one request', Number, 2000)
    .option('--workers <n>', 'worker processes', Number, 4)
    .option('--json', 'print JSON', false)
    .action(benchRateLimit);
}

async function startLimitedServer(uri: string, log: string, limit: number) {
  const file = await open(log, 'w');
  const args = ['--uri', uri, '--port', '0', '--rate-limit', String(limit)];
  const env = { ...process.env, LANCEDB_SERVER_API_KEY: API_KEY };
  const child = spawn('lancedb-server', args, { stdio: ['ignore', 'pipe', file.fd], env });
  process.once('exit', () => child.kill('SIGKILL'));
  const line = await new Promise((resolve) => child.stdout?.once('data', resolve));
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    await file.close();
  };
  return { url: /http:\S+/.exec(String(line))?.[0] ?? '', stop };
}

async function figuresOf(log: string, { limit, requests }: RateLimitOptions): Promise<Figures> {
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  const queries = lines
    .map((line) => JSON.parse(line) as { time: number; durationMs: number; path?: string; status: number })
    .filter((entry) => entry.path?.includes('/query'));
  const answered = queries.filter(({ status }) => status === 200);
  const refused = queries.filter(({ status }) => status === 429).length;
  if (answered.length !== requests)
    throw new Error(`the server answered ${answered.length} queries, not ${requests}`);
  const first = Math.min(...queries.map(({ time, durationMs }) => time - durationMs));
  const seconds = (Math.max(...answered.map(({ time }) => time)) - first) / 1000;
  const idealSeconds = requests / limit;
  const [timesIdeal, part] = [seconds / idealSeconds, refused / queries.length];
  const ok = timesIdeal <= MOST_TIME && part <= MOST_REFUSED;
  return { requests, idealSeconds, seconds, timesIdeal, refused, refusedPercent: part * 100, ok };
}

/** Without retries: a single page that fails would end the run with exit code 1. */
const configOf = (url: string, table: string) =>
  `connection: { api_key: \${LANCEDB_API_KEY}, project_name: bench, host: "${url}", max_retries: 0 }
lake: ./lake
queue_prefix: "{bench-rate}"
tables: { "${table}": { batch_size: ${ROWS_PER_PAGE} } }
`;

/**
 * Offloads a table through a server with a rate limit, and prints how long that took and how often the limit was met.
 * The exit code is 1 where it is not what is promised.
 */
async function benchRateLimit(options: RateLimitOptions): Promise<void> {
  const root = path.resolve('.bench');
  const size = { rows: options.requests * ROWS_PER_PAGE, dimensions: 8 };
  const uri = path.join(root, 'lancedb');
  await mkdir(root, { recursive: true });
  await makeTable(uri, size);
  const folder = await mkdtemp(path.join(root, 'rate-limit-'));
  const redis = await startService(
    'redis-server',
    ['--port', String(REDIS_PORT), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    'Ready to accept connections',
  );
  const log = path.join(folder, 'server.log');
  const server = await startLimitedServer(uri, log, options.limit);
  const env = { LANCEDB_API_KEY: API_KEY, REDIS_URL: `redis://127.0.0.1:${REDIS_PORT}` };
  const config = path.join(folder, 'offload.yaml');
  await writeFile(config, configOf(server.url, tableName(size)));
  const starting = Array.from({ length: options.workers }, () =>
    startService('lance-worker', ['--config', config], 'worker ready', env),
  );
  const workers = await Promise.all(starting);
  try {
    await runProgram('lance-offload', ['run', '--config', config, '--json'], env);
    const figures = await figuresOf(log, options);
    const text = `${figures.requests} requests at ${options.limit}/s by ${options.workers} workers: ${figures.seconds.toFixed(1)} s, ${figures.timesIdeal.toFixed(3)} times the ideal ${figures.idealSeconds} s; ${figures.refused} answered 429 (${figures.refusedPercent.toFixed(2)} %); no page failed`;
    process.stdout.write(`${options.json ? JSON.stringify(figures) : text}\n`);
    if (!figures.ok) process.exitCode = 1;
  } finally {
    for (const worker of workers) await worker.stop();
    await server.stop();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ServerOptions } from '@lance-offload/lancedb-server';
import { stringify } from 'yaml';
import { CutRedis } from './cut-redis.ts';
import { createTable, makeItems, type Item } from './items.ts';
import { Lake } from './lake.ts';
import { BINS, Program, type Outcome } from './programs.ts';
import { Source } from './source.ts';

type Settings = Readonly<Record<string, unknown>>;

/** One test's own project, queue, lake and processes. */
export class World {
  /** What the workers and producers of this test send to the server. */
  readonly apiKey = `sk_${randomUUID()}`;
  readonly prefix = `{e2e-${randomUUID()}}`;
  readonly folder: string;
  readonly uri: string;
  redisUrl: string;
  readonly lake: Lake;
  readonly programs: Program[] = [];
  readonly #sources: Source[] = [];
  readonly #ways: CutRedis[] = [];

  private constructor(folder: string, redisUrl: string) {
    this.folder = folder;
    this.uri = path.join(folder, 'lancedb');
    this.redisUrl = redisUrl;
    this.lake = new Lake(path.join(folder, 'lake'));
  }

  static async create(redisUrl: string): Promise<World> {
    const world = new World(await mkdtemp(path.join(tmpdir(), 'offload-e2e-')), redisUrl);
    await mkdir(world.uri);
    return world;
  }

  /** Makes a LanceDB table and returns its rows. */
  async items(table: string, count: number): Promise<Item[]> {
    const rows = makeItems(count);
    await createTable(this.uri, table, rows);
    return rows;
  }

  /** Serves the LanceDB tables from this process, and writes offload.yaml. */
  async serve(
    settings: Settings = {},
    options: Partial<ServerOptions> = {},
    names?: ReadonlyMap<string, string>,
  ): Promise<Source> {
    const source = new Source(names);
    this.#sources.push(source);
    await source.start({ uri: this.uri, port: 0, apiKey: this.apiKey, ...options });
    await this.configure(source.url, settings);
    return source;
  }

  /** Serves the LanceDB tables from a process of its own, and writes offload.yaml. */
  async serveApart(args: readonly string[] = [], settings: Settings = {}): Promise<Program> {
    const env = { LANCEDB_SERVER_API_KEY: this.apiKey };
    const server = this.start(BINS.server, ['--uri', this.uri, '--port', '0', ...args], env);
    const [, url = ''] = await server.says(/listening on (http:\S+)/);
    await this.configure(url, settings);
    return server;
  }

  /** Writes offload.yaml. Settings are merged over what every test has, one level deep. */
  async configure(host: string, settings: Settings = {}): Promise<void> {
    const connection = {
      api_key: '${LANCEDB_API_KEY}',
      project_name: 'e2e',
      host,
      initial_retry_delay: 0.1,
      ...(settings['connection'] as Settings | undefined),
    };
    const config = {
      lake: './lake',
      redis: this.redisUrl,
      queue_prefix: this.prefix,
      ...settings,
      connection,
    };
    await this.writeConfig(stringify(config));
  }

  writeConfig(text: string): Promise<void> {
    return writeFile(path.join(this.folder, 'offload.yaml'), text);
  }

  /** Starts `lance-offload` with these arguments. */
  producer(...args: readonly string[]): Program {
    return this.start(BINS.offload, args);
  }

  /** A Redis URL that carries nothing on from the first occurrence of a text. */
  async cutRedis(text: string): Promise<CutRedis> {
    const way = await CutRedis.start(this.redisUrl, text);
    this.#ways.push(way);
    return way;
  }

  /** Runs `lance-offload` with these arguments to its end. */
  offload(...args: readonly string[]): Promise<Outcome> {
    return this.producer(...args).ended;
  }

  /** `lance-offload … --json`, parsed. */
  async ask<T>(...args: readonly string[]): Promise<T> {
    const { out, err } = await this.offload(...args, '--json');
    if (out === '') throw new Error(err);
    const answer: T = JSON.parse(out);
    const { error } = answer as { readonly error?: unknown };
    if (error !== undefined) throw new Error(`${args.join(' ')}: ${JSON.stringify(error)}\n${err}`);
    return answer;
  }

  /** Starts `lance-worker` with these arguments. */
  lanceWorker(...args: readonly string[]): Program {
    return this.start(BINS.worker, args);
  }

  /** Starts `lance-worker` and waits until it takes jobs. */
  async worker(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Program> {
    const worker = this.start(BINS.worker, args, env);
    await worker.says(/worker ready/);
    return worker;
  }

  start(bin: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    return this.spawn(process.execPath, [bin, ...args], env);
  }

  spawn(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
    const own = { PATH, HOME, NODE_COMPILE_CACHE, LANCEDB_API_KEY: this.apiKey };
    const program = new Program(command, args, { cwd: this.folder, env: { ...own, ...env } });
    this.programs.push(program);
    return program;
  }

  async close(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.kill('SIGKILL')));
    for (const way of this.#ways) way.close();
    await Promise.all(this.#sources.map((source) => source.close()));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

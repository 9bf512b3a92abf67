import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { peakMemory, runProgram, startService, type Service } from './processes.ts';

export interface FleetResult {
  /** From the start of the run to its report: planning, staging, audit, commit, views. */
  readonly seconds: number;
  readonly sourceBytes: number;
  readonly rows: number;
}

/** Workers with queues of their own; they idle while others are measured. */
export class Fleet {
  readonly #folder: string;
  readonly #workers: readonly Service[];
  readonly #config: (destination: string, table: string, filter?: string) => string;
  readonly #env: Record<string, string>;
  #runs = 0;

  private constructor(
    folder: string,
    workers: readonly Service[],
    config: (destination: string, table: string, filter?: string) => string,
    env: Record<string, string>,
  ) {
    this.#folder = folder;
    this.#workers = workers;
    this.#config = config;
    this.#env = env;
  }

  static async start(
    count: number,
    folder: string,
    serverUrl: string,
    env: Record<string, string>,
  ): Promise<Fleet> {
    const config = (
      destination: string,
      table: string,
      filter?: string,
    ) => `connection: { api_key: \${LANCEDB_API_KEY}, project_name: bench, host: "${serverUrl}" }
lake: ./lake
queue_prefix: "{bench-${count}}"
tables: { "${table}": { destination_table: "${destination}"${filter === undefined ? '' : `, filter_expression: "${filter}"`} } }
`;
    const file = path.join(folder, `offload-${count}.yaml`);
    await writeFile(file, config('none', 'none'));
    const workers = await Promise.all(
      Array.from({ length: count }, () =>
        startService('lance-worker', ['--config', file], 'worker ready', env),
      ),
    );
    return new Fleet(folder, workers, config, env);
  }

  /** Configuration of the fleet, as of its last run. */
  get config(): string {
    return path.join(this.#folder, `offload-${this.#workers.length}.yaml`);
  }

  /** Offloads a table into a lake table of its own, which is removed afterwards. */
  async offload(table: string, filter?: string): Promise<FleetResult> {
    const destination = `bench_${this.#workers.length}_${this.#runs++}`;
    const file = path.join(this.#folder, `run-${this.#workers.length}.yaml`);
    const report = path.join(this.#folder, `report-${this.#workers.length}.json`);
    await writeFile(file, this.#config(destination, table, filter));
    await runProgram('lance-offload', ['run', '--config', file, '--report', report, '--json'], this.#env);
    const { tables } = JSON.parse(await readFile(report, 'utf8')) as {
      tables: {
        verified: boolean;
        startedAtMs: number;
        finishedAtMs: number;
        sourceBytes: number;
        sourceRows: number;
      }[];
    };
    const [result] = tables;
    if (!result?.verified) throw new Error(`the fleet's run is not verified: ${JSON.stringify(result)}`);
    await rm(path.join(this.#folder, 'lake'), { recursive: true });
    return {
      seconds: (result.finishedAtMs - result.startedAtMs) / 1000,
      sourceBytes: result.sourceBytes,
      rows: result.sourceRows,
    };
  }

  peakMemory(): number {
    return Math.max(...this.#workers.map(({ pid }) => peakMemory(pid)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { offload, serve } from '../../../examples/quickstart/src/commands.ts';
import { connectSource } from '../source.ts';
import type { ColumnTypes, Row } from './arrow-rows.ts';
import { ChangingTable } from './changing-table.ts';
import { columnsAfter, withLineage, type LakeVersion } from './lake-version.ts';
import type { Run } from './model.ts';
import { SCRIPTS } from './scripts/all.ts';
import { RUNS, type Script } from './scripts/script.ts';

/** A lake table, and what it must hold at each of its versions, the oldest first. */
export interface ChangedTable {
  readonly script: Script;
  readonly folder: string;
  readonly versions: readonly LakeVersion[];
  /** What the script wrote last. */
  readonly source: { readonly columns: ColumnTypes; readonly rows: readonly Row[] };
}

export interface ChangedLake {
  /** The folder of `offload.yaml`. */
  readonly folder: string;
  readonly lake: string;
  /** Folder of the embedded LanceDB tables. */
  readonly uri: string;
  readonly tables: readonly ChangedTable[];
}

interface ReportedRun {
  readonly table: string;
  readonly runId: string;
  readonly sourceVersion: number;
  readonly startedAtMs: number;
  readonly deltaVersion: number | null;
}

/** A table while it changes. */
interface Changing {
  readonly script: Script;
  readonly table: ChangingTable;
  readonly runs: Map<string, Run>;
  readonly versions: LakeVersion[];
}

async function runsOf(folder: string, args: readonly string[]): Promise<Map<string, ReportedRun>> {
  await offload(folder, ['run', '--workers', '1', '--report', 'report.json', ...args]);
  const { tables }: { tables: ReportedRun[] } = JSON.parse(
    await readFile(path.join(folder, 'report.json'), 'utf8'),
  );
  return new Map(tables.map((run) => [run.table, run]));
}

/** Takes a run into the model: what it must have left in the lake. */
function take(
  { script, table, runs, versions }: Changing,
  reported: ReportedRun | undefined,
  args: readonly string[],
): void {
  const version = versions.length;
  if (reported?.deltaVersion !== version)
    throw new Error(
      `${script.name}: version ${version} was expected, the report says ${JSON.stringify(reported)}`,
    );
  const { runId, sourceVersion, startedAtMs } = reported;
  const run = {
    id: runId,
    sourceVersion,
    startedAtMs,
    full: args.includes('--full'),
    sweep: args.includes('--sweep-deletes'),
  };
  runs.set(runId, run);
  const { columns, rows } = table.state;
  versions.push({
    version,
    atMs: Date.now(),
    columns: columnsAfter(versions.at(-1)?.columns, columns, script),
    rows: withLineage(script.model.take(rows, run), runs, script),
  });
}

async function writeConfig(folder: string, host: string): Promise<void> {
  const connection = { api_key: '${LANCEDB_API_KEY}', project_name: 'interop', host };
  const tables = Object.fromEntries(SCRIPTS.map(({ name, options }) => [name, options]));
  await writeFile(
    path.join(folder, 'offload.yaml'),
    JSON.stringify({ connection, lake: './lake', tables }, null, 2),
  );
}

/** Changes tables of LanceDB and offloads them, time and again, as a user would: server, workers, command line. */
export async function changeAndOffload(folder: string): Promise<ChangedLake> {
  const uri = path.join(folder, 'lancedb');
  await rm(folder, { recursive: true, force: true });
  await mkdir(uri, { recursive: true });
  const connection = await connectSource(uri);
  const server = await serve(uri);
  const changing = SCRIPTS.map((script) => ({
    script,
    table: new ChangingTable(connection, script.name, script.columns),
    runs: new Map<string, Run>(),
    versions: [],
  }));
  try {
    await writeConfig(folder, server.url);
    for (const [step, args] of RUNS.entries()) {
      for (const { script, table } of changing) await script.steps[step]?.(table);
      const reported = await runsOf(folder, args);
      for (const one of changing) take(one, reported.get(one.script.name), args);
    }
  } finally {
    server.stop();
    connection.close();
  }
  const lake = path.join(folder, 'lake');
  const tables = changing.map(({ script, table, versions }) => ({
    script,
    folder: path.join(lake, 'tables', script.name),
    versions,
    source: table.state,
  }));
  return { folder, lake, uri, tables };
}

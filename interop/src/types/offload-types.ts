import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { offload, serve } from '../../../examples/quickstart/src/commands.ts';
import type { ClickHouse } from '../clickhouse.ts';
import { engineLimit, storeTables } from './engine-tables.ts';
import { readTypes, type ReadType } from './read-types.ts';
import { serveTables, servedTable } from './stub-server.ts';
import { TYPE_TABLES, type PlacedType, type TypeTable } from './type-table-columns.ts';

/** A column as both readers see it, how it came there, and what the run's report says is cut. */
export interface OffloadedType extends ReadType {
  /** Why it was not LanceDB that served it. */
  readonly limit: string | undefined;
  readonly cuts: readonly string[];
}

interface Report {
  readonly tables: readonly { readonly table: string; readonly notes: readonly string[] }[];
}

function part(keep: (placed: PlacedType) => boolean): TypeTable[] {
  return TYPE_TABLES.map((table) => ({ ...table, columns: table.columns.filter(keep) })).filter(
    ({ columns }) => columns.length > 0,
  );
}

async function run(
  folder: string,
  tables: readonly TypeTable[],
  host: string,
  clickhouse: ClickHouse,
): Promise<OffloadedType[]> {
  const connection = { api_key: '${LANCEDB_API_KEY}', project_name: 'interop', host };
  await writeFile(path.join(folder, 'offload.yaml'), JSON.stringify({ connection, lake: './lake' }));
  await offload(folder, ['run', '--workers', '1', '--report', 'report.json']);
  const report: Report = JSON.parse(await readFile(path.join(folder, 'report.json'), 'utf8'));
  const read: OffloadedType[] = [];
  for (const table of tables) {
    const notes = report.tables.find(({ table: name }) => name === table.name)?.notes ?? [];
    for (const found of await readTypes(table, path.join(folder, 'lake'), clickhouse)) {
      const about = `column "${found.placed.column}": `;
      const cuts = notes.filter((note) => note.startsWith(about)).map((note) => note.slice(about.length));
      read.push({ ...found, cuts, limit: engineLimit(found.placed) });
    }
  }
  return read;
}

/**
 * Offloads every type in every place as a user would: what LanceDB can store by way of LanceDB and its server, the rest by
 * way of a server that only answers.
 */
export async function offloadTypes(folder: string, clickhouse: ClickHouse): Promise<OffloadedType[]> {
  await rm(folder, { recursive: true, force: true });
  const [engine, answered] = [path.join(folder, 'engine'), path.join(folder, 'answered')];
  await mkdir(engine, { recursive: true });
  await mkdir(answered, { recursive: true });
  const stored = part((placed) => engineLimit(placed) === undefined);
  await storeTables(path.join(engine, 'lancedb'), stored);
  const server = await serve(path.join(engine, 'lancedb'));
  const others = part((placed) => engineLimit(placed) !== undefined);
  const stub = await serveTables(others.map(servedTable));
  try {
    return [
      ...(await run(engine, stored, server.url, clickhouse)),
      ...(await run(answered, others, stub.url, clickhouse)),
    ];
  } finally {
    server.stop();
    stub.stop();
  }
}

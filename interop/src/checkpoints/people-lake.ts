import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { int64, utf8 } from '../../../examples/quickstart/src/columns.ts';
import { offload, serve } from '../../../examples/quickstart/src/commands.ts';
import { ChangingTable } from '../changing/changing-table.ts';
import type { Row } from '../changing/arrow-rows.ts';
import { connectSource } from '../source.ts';

/** Options of a table, by the mode it is offloaded in. */
export const MODES = {
  append: { cursor_field: 'seq' },
  scd1: { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'], sequence_by: 'seq' },
  scd2: { ingestion_type: 'SCD_TYPE_2', primary_keys: ['id'], sequence_by: 'seq' },
} as const;
export type Mode = keyof typeof MODES;

export const PEOPLE_COLUMNS = { id: int64, seq: int64, name: utf8 };

/** `[id, seq]`; the name says both. */
export type Person = readonly [id: number, seq: number];

export const rowOf = ([id, seq]: Person): Row => ({
  id: BigInt(id),
  seq: BigInt(seq),
  name: `${id} at ${seq}`,
});

/** Tables of a mode each, which are the same at the source, and can be changed and offloaded as often as one likes. */
export interface PeopleLake {
  readonly folder: string;
  readonly uri: string;
  folderOf(table: string): string;
  /** Brings rows to the source, in place of those of their ids, and offloads all tables. Rows are added where nothing is replaced. */
  offload(people: readonly Person[], args?: readonly string[]): Promise<void>;
  close(): void;
}

/** Makes a folder of LanceDB tables and the lake they are offloaded to, by a server, as a user would. */
export async function openPeopleLake(
  folder: string,
  tables: Readonly<Record<string, Mode>>,
): Promise<PeopleLake> {
  const uri = path.join(folder, 'lancedb');
  await rm(folder, { recursive: true, force: true });
  await mkdir(uri, { recursive: true });
  const connection = await connectSource(uri);
  const changing = Object.keys(tables).map((name) => new ChangingTable(connection, name, PEOPLE_COLUMNS));
  const server = await serve(uri);
  const config = {
    connection: { api_key: '${LANCEDB_API_KEY}', project_name: 'interop', host: server.url },
    lake: './lake',
    tables: Object.fromEntries(Object.entries(tables).map(([name, mode]) => [name, MODES[mode]])),
  };
  await writeFile(path.join(folder, 'offload.yaml'), JSON.stringify(config, null, 2));
  let isFirst = true;
  return {
    folder,
    uri,
    folderOf: (table) => path.join(folder, 'lake', 'tables', table),
    async offload(people, args = []) {
      const rows = people.map(rowOf);
      for (const table of changing) await (isFirst ? table.rewrite(rows) : table.upsert(['id'], rows));
      isFirst = false;
      await offload(folder, ['run', '--workers', '1', '--report', 'report.json', ...args]);
    },
    close() {
      server.stop();
      connection.close();
    },
  };
}

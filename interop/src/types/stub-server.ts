import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { LanceField } from '../../../packages/lancedb/src/lance-type.ts';
import { column } from '../../../packages/lancedb/test/arrow-bodies.ts';
import { bodyWith, ID, ROWS, type TypeTable } from './type-table-columns.ts';

/** A table that LanceDB cannot store: its description, and the one answer to every query. */
export interface ServedTable {
  readonly name: string;
  readonly fields: readonly LanceField[];
  readonly body: Buffer;
}

export function servedTable({ name, columns }: TypeTable): ServedTable {
  const fields = [column(ID, 'int32'), ...columns.map(({ lance }) => lance)];
  return { name, fields, body: bodyWith(columns, 'stream') };
}

/** Speaks as much of LanceDB's REST API as an offload asks for. Each table has one page; `queried` are those it was asked for. */
export async function serveTables(
  tables: readonly ServedTable[],
): Promise<{ url: string; queried: ReadonlySet<string>; stop: () => void }> {
  const queried = new Set<string>();
  const byName = new Map(tables.map((table) => [table.name, table]));
  const server = createServer((request, response) => {
    request.resume();
    answer(request.url ?? '', byName, queried, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: urlOf(server), queried, stop: () => server.close() };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}

function answer(
  url: string,
  tables: ReadonlyMap<string, ServedTable>,
  queried: Set<string>,
  response: ServerResponse,
): void {
  const json = (value: unknown) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  const [, name = '', operation] = /^\/v1\/table\/([^/?]+)\/(\w+)/.exec(url) ?? [];
  const table = tables.get(name);
  if (operation === undefined) return void json({ tables: [...tables.keys()] });
  if (!table) return void response.writeHead(404).end(`there is no table ${name}`);
  if (operation === 'describe') return void json({ version: 1, schema: { fields: table.fields } });
  if (operation === 'count_rows') return void json(ROWS);
  if (operation === 'stats')
    return void json({ total_bytes: table.body.length, num_rows: ROWS, num_indices: 0, fragment_stats: {} });
  if (operation === 'query') queried.add(name);
  if (operation === 'query')
    return void response.setHeader('content-type', 'application/vnd.apache.arrow.stream').end(table.body);
  response.writeHead(404).end(`${operation} is not served here`);
}

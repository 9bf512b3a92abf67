import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@lancedb/lancedb';
import type { Connection, Table } from '@lancedb/lancedb';
import type { TestContext } from 'vitest';
import { startServer } from '../src/index.ts';
import type { RunningServer, ServerOptions } from '../src/index.ts';

export const API_KEY = 'a-key-for-tests';
const DIMENSIONS = 8;
export const DOCUMENT_ROWS = 3000;

export interface Served {
  dir: string;
  /** The engine itself, on the same folder. */
  embedded: Connection;
  /** Starts a server on the folder; it is closed after the test. */
  serve(options?: Partial<ServerOptions>): Promise<RunningServer>;
}

export interface TableFixtures {
  /** A folder of the test's own. */
  served: Served;
  /** A table in it: three fragments of a thousand rows, one per version. */
  documents: Table;
}

type Use<Fixture> = (fixture: Fixture) => Promise<void>;

/** For `test.extend<TableFixtures>`. */
export const tableFixtures = {
  served: async ({ task }: TestContext, use: Use<Served>): Promise<void> => {
    const dir = await mkdtemp(join(tmpdir(), `lancedb-server-${task.id}-`));
    const embedded = await connect(dir);
    const servers: RunningServer[] = [];
    await use({
      dir,
      embedded,
      serve: async (options = {}) => {
        const server = await startServer({ uri: dir, port: 0, apiKey: API_KEY, ...options });
        servers.push(server);
        return server;
      },
    });
    await Promise.all(servers.map((server) => server.close()));
    embedded.close();
    await rm(dir, { recursive: true });
  },
  documents: async ({ served }: { served: Served }, use: Use<Table>): Promise<void> => {
    const table = await served.embedded.createTable('documents', documentRows(0));
    await table.add(documentRows(1000));
    await table.add(documentRows(2000));
    await use(table);
  },
};

function documentRows(from: number): Record<string, unknown>[] {
  return Array.from({ length: 1000 }, (_, index) => {
    const id = from + index;
    return { id, title: `title ${id}`, group: id % 7, vector: vectorOf(id) };
  });
}

export function vectorOf(id: number): number[] {
  return Array.from({ length: DIMENSIONS }, (_, axis) => Math.sin(id * (axis + 1)));
}

/** The official client, talking to a server. */
export function connectRemote(server: RunningServer, apiKey = API_KEY): Promise<Connection> {
  return connect({ uri: 'db://dev', apiKey, hostOverride: server.url, region: 'us-east-1' });
}

export function post(
  server: RunningServer,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Rows as plain objects, with vectors as plain lists. */
export function plainRows(rows: Iterable<{ toJSON(): Record<string, unknown> }>): Record<string, unknown>[] {
  return Array.from(rows, (row) =>
    Object.fromEntries(
      Object.entries(row.toJSON()).map(([name, value]) => [
        name,
        isIterable(value) ? Array.from(value) : value,
      ]),
    ),
  );
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

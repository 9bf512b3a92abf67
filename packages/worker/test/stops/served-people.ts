import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { fieldsOf } from '../../../core/test/merge/typed-table.ts';
import { PEOPLE, type Person } from '../../../core/test/merge/people.ts';
import { json, type Answer, type Seen } from '../../../lancedb/test/http-server.ts';
import { sourceOf } from '../../../verify/test/compared-lake.ts';
import { servedTable } from '../../../verify/test/served-table.ts';

/** A server of one table. What it serves may be changed at any time. */
export interface ServedPeople {
  readonly url: string;
  people: readonly Person[];
  version: number;
  /** Whether the table gets a new version, of the same rows, each time its latest one is described. */
  moves: boolean;
  readonly close: () => void;
}

async function read(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = Buffer.concat(chunks).toString();
  const { method = '', url = '', headers } = request;
  return { method, url, headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** The places of rows, those that a query asks for the other way round. */
function turned(rows: readonly number[], query: unknown): number[] {
  const { offset = 0, k = 0 } = query as { offset?: number; k?: number };
  return [
    ...rows.slice(0, offset),
    ...rows.slice(offset, offset + k).toReversed(),
    ...rows.slice(offset + k),
  ];
}

/**
 * Serves a table over real HTTP from this process. The order of a page's rows is free: every second answer has another
 * one, so that two workers' files of a page differ.
 */
export async function servePeople(people: readonly Person[]): Promise<ServedPeople> {
  const server = createServer((request, response) => {
    void read(request).then((seen) => answer(response, seen));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const served: ServedPeople = {
    url: `http://127.0.0.1:${address.port}`,
    people,
    version: 1,
    moves: false,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const fields = fieldsOf(PEOPLE);
  const describe = (query: unknown) => {
    const { version: asked } = query as { version?: number | null };
    if (served.moves && typeof asked !== 'number') served.version += 1;
    return json(200, { version: asked ?? served.version, schema: { fields } });
  };
  let queries = 0;
  const answer: Answer = (response, request) => {
    const source = sourceOf(served.people);
    const rows = [...source.rows.keys()];
    queries += 1;
    const scan = queries % 2 === 0 ? rows : turned(rows, request.body);
    servedTable(source, {
      scan,
      instead: ({ body }, operation) => (operation === 'describe' ? describe(body) : undefined),
    })(response, request);
  };
  return served;
}

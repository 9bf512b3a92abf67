import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { fieldsOf } from '../../../core/test/lake/merge/typed-table.ts';
import { PEOPLE, type Person } from '../../../core/test/lake/merge/people.ts';
import { json, type Seen } from '../../../core/test/lancedb/http-server.ts';
import { sourceOf } from '../../../core/test/verify/compared-lake.ts';
import { servedTable } from '../../../core/test/verify/served-table.ts';

/** A server of one table. What it serves may be changed at any time. */
export interface ServedPeople {
  readonly url: string;
  people: readonly Person[];
  version: number;
  /** Whether the table gets a new version, of the same rows, each time it is described. */
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

/** Serves a table over real HTTP from this process. */
export async function servePeople(people: readonly Person[]): Promise<ServedPeople> {
  const server = createServer((request, response) => {
    void read(request).then((seen) => answer()(response, seen));
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
  const describe = () => {
    if (served.moves) served.version += 1;
    return json(200, { version: served.version, schema: { fields } });
  };
  const answer = () =>
    servedTable(sourceOf(served.people), {
      instead: (_, operation) => (operation === 'describe' ? describe() : undefined),
    });
  return served;
}

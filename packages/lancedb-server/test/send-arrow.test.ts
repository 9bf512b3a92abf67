import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http';
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { expect, test as base } from 'vitest';
import type { EngineScan } from '../src/engine-scan.ts';
import { sendArrow } from '../src/send-arrow.ts';

const BATCH = tableToIPC(tableFromArrays({ value: new Float64Array(250_000) }), 'file');

/** A scan of 2 MB batches which counts how often it was asked. */
class CountedScan implements EngineScan {
  asked = 0;
  readonly #batches: number;

  constructor(batches: number) {
    this.#batches = batches;
  }

  next(): Promise<Buffer | null> {
    this.asked += 1;
    return Promise.resolve(this.asked > this.#batches ? null : Buffer.from(new Uint8Array(BATCH).buffer));
  }

  schema(): Promise<Buffer> {
    return Promise.reject(new Error('not asked for: there are batches'));
  }
}

/** Serves one scan; `sent` is settled when it has been sent, or given up. */
const test = base.extend<{
  serve: (scan: EngineScan) => Promise<{ url: string; sent: Promise<void> }>;
}>({
  serve: async ({ task }, use) => {
    const servers: Server[] = [];
    await use(async (scan) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const server = createServer((_request: IncomingMessage, response: ServerResponse) => {
        resolve(sendArrow(response, scan, { format: 'file' }));
      });
      servers.push(server.listen(0, '127.0.0.1'));
      await once(server, 'listening');
      return { url: `${urlOf(server)}/${task.id}`, sent: promise };
    });
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  },
});

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port');
  return `http://127.0.0.1:${address.port}`;
}

function open(url: string): Promise<{ request: ClientRequest; response: IncomingMessage }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    request: ClientRequest;
    response: IncomingMessage;
  }>();
  const request = get(url, (response) => resolve({ request, response }));
  request.once('error', reject);
  return promise;
}

test('batches become one file, and each batch is released when it is sent', async ({ serve }) => {
  const { url } = await serve(new CountedScan(7));
  const table = tableFromIPC(await (await fetch(url)).arrayBuffer());
  expect([table.batches.length, table.numRows]).toEqual([7, 7 * 250_000]);
});

test('a scan is not asked for more than its client takes, and ends when the client goes', async ({
  serve,
}) => {
  const scan = new CountedScan(100_000);
  const { url, sent } = await serve(scan);
  const { request, response } = await open(url);
  await once(response, 'readable');
  request.destroy();
  await sent;
  expect(scan.asked).toBeLessThan(50);
});

test('an error between two batches cuts the body short', async ({ serve }) => {
  const scan = new CountedScan(100);
  const { url, sent } = await serve({
    schema: () => scan.schema(),
    next: () => (scan.asked === 3 ? Promise.reject(new Error('the disk is gone')) : scan.next()),
  });
  const { response } = await open(url);
  response.resume();
  await expect(sent).rejects.toThrow('the disk is gone');
  expect(response.complete).toBe(false);
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { createLogger } from '@lance-offload/base';
import express from 'express';
import { expect } from 'vitest';
import { Feed } from '../../src/api/feed.ts';
import { RedisWatch } from '../../src/api/redis-watch.ts';
import { Streams } from '../../src/api/streams.ts';
import { listen } from '../../src/listen.ts';
import { apiTest } from './api-fixture.ts';

const test = apiTest;

interface Value {
  readonly n: number;
  readonly pad: string;
}

test('a client that takes nothing is sent nothing more, and the whole again when it does', async ({
  rig,
}) => {
  const logger = createLogger('test', 'silent');
  const watch = new RedisWatch(rig.fleet.redis);
  const pad = 'x'.repeat(4_000_000);
  let reads = 0;
  const feed = new Feed<Value>({
    read: async () => ({ n: (reads += 1), pad }),
    intervalMs: 5,
    watch,
    logger,
  });
  const streams = new Streams({ watch, maxStreams: 1 });
  const { promise: behind, resolve: isBehind } = Promise.withResolvers<void>();
  let skipped = 0;
  const app = express();
  app.get('/', (_request, response) => {
    streams.follow(response, feed, (stream, value, previous) => {
      const sent = stream.send(previous === undefined ? 'whole' : 'part', value);
      if (!sent) skipped += 1;
      if (skipped > 10) isBehind();
      return sent;
    });
  });
  const server = await listen(app, '127.0.0.1', 0);
  const { port } = new URL(server.url);
  const client = connect(Number(port), '127.0.0.1');
  client.setEncoding('latin1').write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const events: [string, number][] = [];
  let rest = '';
  const { promise: enough, resolve: hasEnough } = Promise.withResolvers<void>();
  client.on('data', (data) => {
    rest += String(data);
    for (const [, event = '', n] of rest.matchAll(/event: (\w+)\ndata: \{"n":(\d+),/g))
      events.push([event, Number(n)]);
    rest = rest.slice(-60).replaceAll(/event: \w+\ndata: \{"n":\d+,/g, '');
    if (events.some(([event, n], index) => index > 0 && event === 'whole' && n > 10)) hasEnough();
  });
  await once(client, 'data');
  client.pause();
  await behind;

  client.resume();
  await enough;
  for (const [index, [event, n]] of events.entries()) {
    const before = events[index - 1]?.[1];
    if (event === 'part') expect(before).toBe(n - 1);
  }
  client.destroy();
  streams.close();
  feed.close();
  watch.close();
  await server.close();
});

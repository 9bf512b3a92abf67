import { expect } from 'vitest';
import { createHttp } from '../src/http.ts';
import type { Ticket } from '../src/pace.ts';
import { connectionTo, json, test } from './http-server.ts';

/** Hands out tickets one after the other, and notes which were refused. */
class NotingPace {
  given: Ticket = 0;
  readonly refusals: Ticket[] = [];

  take(): Promise<Ticket> {
    this.given += 1;
    return Promise.resolve(this.given);
  }

  refused(ticket: Ticket): Promise<void> {
    this.refusals.push(ticket);
    return Promise.resolve();
  }
}

test('a 429 to a metadata call is told of the ticket that call was sent under, whatever was sent since', async ({
  serve,
}) => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const tooMany = json(429, {}, { 'retry-after': '0' });
  const { url, seen } = await serve([
    (response, request) => void answered.then(() => tooMany(response, request)),
    json(200, {}),
  ]);
  const pace = new NotingPace();
  const http = createHttp(connectionTo(url, { max_retries: 0 }), { userAgent: 'core-test', pace });
  const slow = http.get('slow').text();
  slow.catch(() => undefined); // awaited below
  await expect.poll(() => seen.length).toBe(1);
  for (let call = 0; call < 3; call++) await http.get('quick').text();
  answer();
  await expect(slow).rejects.toThrow('429');
  expect(pace.given).toBe(4);
  expect(pace.refusals).toEqual([1]);
});

test('each try of a metadata call has a ticket of its own', async ({ serve }) => {
  const tooMany = json(429, {}, { 'retry-after': '0' });
  const { url } = await serve([tooMany, tooMany, json(200, {})]);
  const pace = new NotingPace();
  const http = createHttp(connectionTo(url, { max_retries: 2 }), { userAgent: 'core-test', pace });
  await http.get('call').text();
  expect(pace.refusals).toEqual([1, 2]);
});

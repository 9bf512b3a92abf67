import { expect, test } from 'vitest';
import { LocalPace } from '@lance-offload/lancedb';
import { tokenBucket } from './simulated-fleet.ts';

test('a process by itself finds the source’s limit, and keeps to it', async () => {
  const limiter = tokenBucket(100, 20);
  const pace = new LocalPace();
  let refused = 0;
  for (let answered = 0; answered < 60;) {
    const ticket = await pace.take();
    if (limiter(performance.now() / 1000) === 0) answered += 1;
    else {
      refused += 1;
      await pace.refused(ticket, 100);
    }
  }
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThanOrEqual(6);
});

test('requests that were under way at a 429 slow a process down no further', async () => {
  const pace = new LocalPace();
  const tickets = await Promise.all(Array.from({ length: 40 }, () => pace.take()));
  for (const ticket of tickets) await pace.refused(ticket, 50);
  const started = performance.now();
  for (let taken = 0; taken < 5; taken++) await pace.take();
  expect(performance.now() - started).toBeLessThan(5000); // 40 decisions would have ended at one request in two seconds
});

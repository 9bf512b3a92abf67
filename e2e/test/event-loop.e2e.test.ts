import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { sized } from '../src/soak.ts';
import { createVectorTable } from '../src/vectors.ts';

const WATCH_LOOP = new URL('../src/watch-loop.ts', import.meta.url);
const LONGEST_MS = 100;
const PAGES = sized(5, 40);
const ROWS_PER_PAGE = 10_000;

/** What the worker does holds its loop up in each attempt; what else the machine does, in some. */
const ATTEMPTS = { retry: 2 };

test(
  'pages of 10,000 vectors of 768 numbers never hold up the event loop of the worker that transforms them for 100 ms',
  ATTEMPTS,
  async ({ world }) => {
    await createVectorTable(world.uri, 'vectors', PAGES * ROWS_PER_PAGE, 768);
    const server = await world.serveApart([], { tables: { vectors: { batch_size: ROWS_PER_PAGE } } });
    setPriority(server.pid, constants.priority.PRIORITY_LOW); // it gives way, as if it were on another host
    const worker = await world.worker(['--concurrency', '2'], {
      NODE_OPTIONS: `--import ${fileURLToPath(WATCH_LOOP)}`,
    });
    const run = world.producer('run');
    await worker.says(/("msg":"page staged"[^]*){2}/); // what is compiled and loaded on first use is not what is measured
    worker.send('SIGUSR2');
    await run.ended;
    worker.send('SIGUSR2');
    const [, longest] = await worker.says(/event loop:[^]*event loop: longest delay ([\d.]+) ms/);
    expect(Number(longest)).toBeLessThan(LONGEST_MS);
    expect(await world.lake.sql('SELECT count(DISTINCT id) AS ids FROM vectors')).toEqual([
      { ids: BigInt(PAGES * ROWS_PER_PAGE) },
    ]);
  },
);

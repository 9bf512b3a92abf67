import { readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { readLog, deletionVectorFile } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import { collectGarbage } from '../../src/lake/housekeeping.ts';
import { emptyReport } from '../../src/commit/report.ts';
import { Staging, type RunKey } from '../../src/stage/staging.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { keysOf } from '../../../delta/test/store/read-store.ts';
import { tapStore, type Operation } from '../../../delta/test/store/tapped-store.ts';
import { openingOf, test } from '../lake-fixture.ts';
import { offload, PEOPLE, peoplePlan, person, type Person } from '../merge/people.ts';
import { lakeQuery, stageTable } from '../merge/typed-table.ts';
import { pathsOf } from '../paths-of.ts';

vi.setConfig({ testTimeout: 120_000 });

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HISTORY = { ingestionType: 'SCD_TYPE_2', rowsPerPage: 3 } as const;
const STRAY_VECTOR = deletionVectorFile('01234567-89ab-4def-8123-456789abcdef');

/** Everybody at a time. */
const people = (seq: number, count = 9): Person[] =>
  Array.from({ length: count }, (_, id) => person(id, seq, `${id} at ${seq}`));

/** Makes everything in a lake, unfinished files too, as old as that; the folders do not matter. */
async function age(
  staging: Staging,
  ms: number,
  only: (file: string) => boolean = () => true,
): Promise<void> {
  const seconds = (Date.now() - ms) / 1000;
  const { root } = pathsOf(staging);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && only(path.relative(root, file))) await utimes(file, seconds, seconds);
  }
}

/** Stages a run and does not commit it. */
async function stage(
  staging: Staging,
  rows: readonly Person[],
  changes: Partial<RunPlan> = {},
): Promise<RunPlan> {
  const plan = peoplePlan(rows, { ...HISTORY, ...changes });
  await stageTable(staging, plan, { types: PEOPLE, rows: rows.map((row) => ({ ...row })) });
  return plan;
}

/** What a reader finds at the last versions of the table. */
async function readings(staging: Staging): Promise<unknown[]> {
  const versions = (await readLog(staging.table('documents'))).length;
  const found: unknown[] = [];
  for (let version = Math.max(0, versions - 3); version < versions; version++) {
    const at = new Map([['documents', version]]);
    found.push(await lakeQuery(staging, 'SELECT * FROM documents ORDER BY ALL', { versions: at }));
  }
  return found;
}

const all = async (staging: Staging): Promise<string[]> =>
  (await keysOf(staging.store, '')).map((key) => key.replace('tables/documents/', ''));

/** Two published runs, of which the second replaced all and parts of files; the first tries of its commit have died. */
async function publishTwo(staging: Staging): Promise<RunPlan> {
  await offload(staging, people(1), HISTORY);
  const plan = await stage(staging, [...people(2, 4), person(20, 2, 'new')]);
  for (const step of ['vectors written', 'decided'] as const)
    await expect(
      commitRun(plan, staging, (done) => {
        if (done === step) throw new Error('died');
      }),
    ).rejects.toThrow('died');
  await commitRun(plan, staging);
  return plan;
}

async function cancel(plan: RunPlan, staging: Staging): Promise<void> {
  await staging.decide(plan, 'cancel');
  await staging.createReport(emptyReport(plan, 'cancelled'));
}

test('what nothing refers to goes once it is old: all of it, and nothing else', async ({ staging }) => {
  const published = await publishTwo(staging);
  const cancelled = await stage(staging, people(3), { deletes: 'sweep', sweepRows: 9 });
  await cancel(cancelled, staging);
  const kept = new Set(await all(staging));
  const orphan = `data/${published.runId}/page-000000.00000000deadbeef.parquet`;
  const strays = {
    [`tables/documents/${orphan}`]: 'page of an attempt that died',
    [`tables/documents/${STRAY_VECTOR}`]: 'deletion vectors',
    'tables/documents/data/part-00000-of-another-writer.parquet': 'x',
    'tables/documents/data/unknown-run/page-000000.00.parquet': 'x',
    [`tables/documents/data/${published.runId}/notes.txt`]: 'x',
    'tables/documents/part-00000-of-another-writer.parquet': 'x',
    '_probe-0f': 'first',
  };
  for (const [key, text] of Object.entries(strays)) await staging.store.put(key, text);
  const unfinished = [
    '.lake.duckdb.0f.tmp',
    `tables/documents/data/${published.runId}/.5e.tmp`,
    'tables/documents/.deletion_vector_x.bin.5e.tmp',
    `tables/documents/_offload/${published.runId}/receipts/.page-000000.json.5e.tmp`,
    'tables/documents/_delta_log/.00000000000000000001.json.5e.tmp',
  ];
  for (const file of unfinished) await writeFile(path.join(pathsOf(staging).root, file), '');
  const before = await readings(staging);

  await age(staging, 23 * HOUR_MS);
  expect(await collectGarbage('documents', staging, { always: true })).toBe(0);
  await age(staging, 25 * HOUR_MS);
  await collectGarbage('documents', staging, { always: true });

  expect(await readings(staging)).toEqual(before);
  const left = new Set(await all(staging));
  const gone = [...kept].filter((key) => !left.has(key));
  const of = (pattern: RegExp) => gone.filter((key) => pattern.test(key)).length;
  expect({
    pages: of(new RegExp(`^data/${cancelled.runId}/page-`)),
    keys: of(new RegExp(`^_offload/${cancelled.runId}/keys/`)),
    receipts: of(/^_offload\/[^/]+\/receipts\//),
    closed: of(new RegExp(`^data/${published.runId}/closed-`)),
    vectors: of(/^deletion_vector_/),
    notes: of(/^_offload\/[^/]+\/vectors\//),
  }).toEqual({ pages: 3, keys: 1, receipts: 3 + 2 + 4, closed: 2, vectors: 2, notes: 3 });
  expect(gone).toHaveLength(20);
  expect([...left].filter((key) => !kept.has(key)).toSorted()).toEqual(
    [
      '_offload/housekeeping.json',
      `data/${published.runId}/notes.txt`,
      'data/part-00000-of-another-writer.parquet',
      'data/unknown-run/page-000000.00.parquet',
      STRAY_VECTOR, // another writer's: for its vacuum
      'part-00000-of-another-writer.parquet',
    ]
      .filter((key) => !kept.has(key))
      .toSorted(),
  );
  const files = await readdir(pathsOf(staging).root, { recursive: true });
  expect(files.filter((file) => file.endsWith('.tmp'))).toEqual([]);
  expect(await collectGarbage('documents', staging, { always: true })).toBe(0);
});

test('what an open run has written is kept, however old it is, and the run is published with it', async ({
  staging,
}) => {
  await publishTwo(staging);
  const open = await stage(staging, people(3));
  await expect(
    commitRun(open, staging, (step) => {
      if (step === 'decided') throw new Error('died');
    }),
  ).rejects.toThrow('died');
  const before = new Set((await all(staging)).filter((key) => key.includes(open.runId)));
  const notes = `_offload/${open.runId}/vectors/`;
  const vectors = [...before].flatMap((key) => (key.startsWith(notes) ? [key.slice(notes.length)] : []));
  expect(vectors).toHaveLength(1);
  await age(staging, 400 * DAY_MS);
  await collectGarbage('documents', staging, { always: true });
  const left = await all(staging);
  expect(left.filter((key) => before.has(key))).toHaveLength(before.size);
  expect(left).toEqual(expect.arrayContaining(vectors));
  expect(await commitRun(open, staging)).toMatchObject({ state: 'published', verified: true });
});

test('a file that the log calls by its whole address is one it refers to', async ({ staging }) => {
  const { runId } = await offload(staging, people(1), HISTORY);
  const table = staging.table('documents');
  const key = `data/${runId}/page-000099.00000000deadbeef.parquet`;
  await table.put(key, 'x');
  const add = {
    path: `file://${table.locate(key)}`,
    partitionValues: {},
    size: 1,
    modificationTime: 1,
    dataChange: true,
  };
  await table.putIfAbsent('_delta_log/00000000000000000001.json', JSON.stringify({ add }));
  await age(staging, 8 * DAY_MS);
  await collectGarbage('documents', staging, { always: true });
  expect(await table.head(key)).toBeDefined();
});

/** Opens a run of the table `documents`, and offloads all people in it. */
async function openAndOffload(staging: Staging, number: number): Promise<string> {
  const opening = openingOf(number);
  await staging.claimOpening(opening);
  await offload(staging, people(number), { ...HISTORY, runId: opening.runId });
  return opening.runId;
}

const keyOf = (runId: string): RunKey => ({ destination: 'documents', runId });

test('openings of runs go that many have followed; of those runs the report stays, and of cancelled ones the decision', async ({
  staging,
}) => {
  const first = await openAndOffload(staging, 1);
  const second = openingOf(2);
  await staging.claimOpening(second);
  await cancel(await stage(staging, people(2), { runId: second.runId }), staging);
  for (const number of [3, 4, 5]) await openAndOffload(staging, number);
  await age(staging, 2 * DAY_MS);
  await collectGarbage('documents', staging, { always: true, keepRuns: 2 });
  expect(await keysOf(staging.store, staging.keys.openings('documents'))).toEqual(
    [5, 4].map((number) => staging.keys.opening('documents', number)),
  );
  const left = (await all(staging)).filter((key) => key.startsWith('_offload/documents-'));
  const names = (number: number) => {
    const folder = `_offload/${openingOf(number).runId}/`;
    return left.flatMap((key) => (key.startsWith(folder) ? [key.slice(folder.length)] : []));
  };
  expect([1, 2, 3, 4, 5].map(names)).toEqual([
    ['report.json'],
    ['decision.json', 'report.json'],
    ['report.json'],
    ['decision.json', 'plan.json', 'report.json'],
    ['decision.json', 'plan.json', 'report.json'],
  ]);
  const late = await staging.claimOpening({ ...openingOf(2), attempt: 'late' });
  expect(late).toMatchObject({ mine: false, claim: { number: 5 } });
  // An attempt that wakes up now finds how its run has ended.
  expect((await staging.decide(keyOf(second.runId), 'commit')).decision).toBe('cancel');
  expect(await commitRun(keyOf(second.runId), staging)).toMatchObject({ state: 'cancelled' });
  expect(await commitRun(keyOf(first), staging)).toMatchObject({ state: 'published', deltaVersion: 0 });
});

test('a run that is clean is not looked at again, and one that is not yet is', async ({ staging }) => {
  await openAndOffload(staging, 1);
  await age(staging, 2 * DAY_MS, (file) => !file.endsWith('housekeeping.json'));
  const second = await openAndOffload(staging, 2);
  const seen: string[] = [];
  const watched = new Staging(tapStore(staging.store, ({ key }) => seen.push(key)));
  const lookedAt = async () => {
    seen.length = 0;
    const removed = await collectGarbage('documents', watched, { always: true });
    const runs = new Set(seen.flatMap((key) => /_offload\/(documents-[^/]+)/.exec(key)?.[1] ?? []));
    return {
      removed,
      runs: [...runs].map((runId) => Number.parseInt(runId.slice(-4), 16)).toSorted((a, b) => a - b),
    };
  };
  expect(await lookedAt()).toEqual({ removed: 3, runs: [1, 2] });
  expect(await lookedAt()).toEqual({ removed: 0, runs: [2] });
  const third = openingOf(3);
  await staging.claimOpening(third);
  await stage(staging, people(3), { runId: third.runId });
  await age(staging, 2 * DAY_MS);
  expect(await lookedAt()).toEqual({ removed: 3, runs: [2, 3] });
  expect(await lookedAt()).toEqual({ removed: 0, runs: [3] });
  expect(await staging.findReport({ destination: 'documents', runId: second })).toBeDefined();
  // The hint is lost: everything is looked at once again.
  await staging.store.put('tables/documents/_offload/housekeeping.json', 'damaged');
  expect(await lookedAt()).toEqual({ removed: 0, runs: [1, 2, 3] });
  expect(await lookedAt()).toEqual({ removed: 0, runs: [3] });
});

test('runs of a release that made no openings are cleaned once there are openings, however many there are', async ({
  staging,
}) => {
  const old: string[] = [];
  for (const number of [1, 2, 3]) old.push((await offload(staging, people(number), HISTORY)).runId);
  const open = await stageAndCancel(staging);
  await openAndOffload(staging, 1);
  await age(staging, 2 * DAY_MS, (file) => !file.includes(open.runId));
  await collectGarbage('documents', staging, { always: true, keepRuns: 2 });
  const names = async (runId: string) =>
    (await all(staging)).flatMap((key) =>
      key.startsWith(`_offload/${runId}/`) ? [key.split('/').at(2)] : [],
    );
  expect(await names(old[0] ?? '')).toEqual(['report.json']);
  expect(await names(old[2] ?? '')).toEqual(['decision.json', 'plan.json', 'report.json']);
  expect(await names(open.runId)).toContain('receipts');
  await age(staging, 2 * DAY_MS);
  await collectGarbage('documents', staging, { always: true, keepRuns: 2 });
  expect(await names(open.runId)).not.toContain('receipts');
});

test('what another tool has taken from the log keeps the files of its run', async ({ staging }) => {
  const runId = await openAndOffload(staging, 1);
  await openAndOffload(staging, 2);
  const orphan = `data/${runId}/page-000000.00000000deadbeef.parquet`;
  await staging.table('documents').put(orphan, 'x');
  const entry = '_delta_log/00000000000000000000.json';
  const text = (await staging.table('documents').get(entry)) ?? '';
  await staging.table('documents').put(entry, Buffer.from(text).toString().replaceAll(runId, 'another-run'));
  await age(staging, 2 * DAY_MS);
  await collectGarbage('documents', staging, { always: true });
  expect(await staging.table('documents').head(orphan)).toBeDefined();
});

test('whoever commits next looks, once an hour', async ({ staging }) => {
  await offload(staging, people(1), HISTORY);
  const orphan = `data/${(await stageAndCancel(staging)).runId}/page-000000.00000000deadbeef.parquet`;
  const table = staging.table('documents');
  await table.put(orphan, 'x');
  await age(staging, 8 * DAY_MS, (file) => file.includes('deadbeef'));
  await offload(staging, people(2), HISTORY);
  expect(await table.head(orphan)).toBeDefined();
  await age(staging, HOUR_MS + 1000, (file) => file.endsWith('housekeeping.json'));
  await offload(staging, people(3), HISTORY);
  expect(await table.head(orphan)).toBeUndefined();
});

async function stageAndCancel(staging: Staging): Promise<RunPlan> {
  const plan = await stage(staging, people(2));
  await cancel(plan, staging);
  return plan;
}

test('a housekeeping that fails fails no run, and is done again', async ({ staging }) => {
  await publishTwo(staging);
  await stageAndCancel(staging);
  await age(staging, 8 * DAY_MS);
  const before = (await all(staging)).length;
  const failing = new Staging(
    tapStore(staging.store, ({ name, key }) => {
      if (name === 'delete' && key.includes('/data/')) throw new Error('no deletions today');
    }),
  );
  expect(await offload(failing, people(3), HISTORY)).toMatchObject({
    state: 'published',
    verified: true,
    notes: [],
  });
  expect((await all(staging)).length).toBeGreaterThan(before);
  await age(staging, 8 * DAY_MS);
  expect(await collectGarbage('documents', staging)).toBeGreaterThan(10);
});

/** Where it may stand still: before it looks up runs, ends and log, before each kind of listing, and before deletions. */
const STOPS =
  /^(listFolders|get \S*report\.json|list \S*(_delta_log|openings|data\/documents-…|vectors|receipts)\/$|delete |deleteUnfinished \S*data)/;

/** An operation, whatever run it is about. */
const kindOf = ({ name, key }: Operation): string =>
  `${name} ${key.replaceAll(/\d+T\d+Z-\w+|[\da-f-]{16,}|\d+/g, '…')}`;

test('one that stands still at any step, and goes on a week later, harms nothing', async ({ staging }) => {
  await publishTwo(staging);
  let open = await stage(staging, people(5));
  const stoppedAt = new Set<string>();
  for (;;) {
    await stageAndCancel(staging);
    await age(staging, 8 * DAY_MS);
    const [reached, goOn] = [Promise.withResolvers<'stopped'>(), Promise.withResolvers<void>()];
    let isStopped = false;
    const stopping = tapStore(staging.store, async (operation) => {
      const kind = kindOf(operation);
      if (isStopped || stoppedAt.has(kind) || !STOPS.test(kind)) return;
      isStopped = true;
      stoppedAt.add(kind);
      reached.resolve('stopped');
      await goOn.promise;
    });
    const work = collectGarbage('documents', new Staging(stopping), { always: true });
    const done = work.then(() => 'done' as const);
    if ((await Promise.race([reached.promise, done])) === 'done') break;
    await commitRun(open, staging);
    open = await stage(staging, people(10 * stoppedAt.size));
    await age(staging, 8 * DAY_MS);
    const before = await readings(staging);
    goOn.resolve();
    await done;
    expect(await readings(staging)).toEqual(before);
  }
  expect(stoppedAt.size).toBeGreaterThan(9);
  expect(await commitRun(open, staging)).toMatchObject({ state: 'published', verified: true });
});

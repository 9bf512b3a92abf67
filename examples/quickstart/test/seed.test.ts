import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from '@lancedb/lancedb';
import { expect, onTestFinished, test } from 'vitest';
import { embed } from '../src/embedding.ts';
import { seedTables } from '../src/seed.ts';
import { TABLES, type TableSource } from '../src/tables.ts';

/** The first rows of each table: enough for every type. */
const samples = TABLES.map(({ name, schema, rows }) => ({
  name,
  schema,
  rows: () => Iterator.from(rows()).take(60).toArray(),
}));

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quickstart-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function openTable(folder: string, name: string) {
  const connection = await connect(folder);
  return connection.openTable(name);
}

function sourceOf(name: string): TableSource {
  const source = samples.find((sample) => sample.name === name);
  if (!source) throw new Error(`no table ${name}`);
  return source;
}

test('LanceDB holds the rows and the types that were written', async () => {
  const folder = await makeFolder();
  expect(await seedTables(folder, samples)).toEqual([
    { table: 'countries', rows: 60 },
    { table: 'cities', rows: 60 },
    { table: 'mails', rows: 60 },
    { table: 'glosses', rows: 60 },
  ]);
  for (const { name, schema } of samples) {
    const stored = await (await openTable(folder, name)).schema();
    expect(stored.fields.map(String)).toEqual(schema.fields.map(String));
  }
});

test('vectors, bytes, instants, nested values and nulls come back as they went in', async () => {
  const folder = await makeFolder();
  await seedTables(folder, samples);
  const firstOf = async (name: string) =>
    (await (await openTable(folder, name)).query().limit(1).toArray())[0];

  const gloss = await firstOf('glosses');
  expect(gloss.synset_id).toBe('00001740-n');
  expect(Float32Array.from(gloss.vector)).toEqual(embed(`entity ${gloss.gloss}`));
  expect(gloss.examples).toBeNull();

  const [mail] = [...sourceOf('mails').rows()];
  const stored = await firstOf('mails');
  expect(Buffer.from(stored.raw)).toEqual(mail?.['raw']);
  expect(new Date(stored.sent_at)).toEqual(mail?.['sent_at']);
  expect(new Date(stored.received.get(0).at)).toEqual(new Date('2002-08-22T11:36:16Z'));

  const country = await firstOf('countries');
  expect([...country.name.native].map((native) => native.language)).toEqual(['nld', 'pap']);
  expect((await firstOf('cities')).municipality).toBeNull();
});

test('a folder that is complete is not written again', async () => {
  const folder = await makeFolder();
  const first = await seedTables(folder, samples);
  const version = await (await openTable(folder, 'cities')).version();
  expect(await seedTables(folder, samples)).toEqual(first);
  expect(await (await openTable(folder, 'cities')).version()).toBe(version);
});

test('a folder left halfway is written from the start, with no row twice', async () => {
  const folder = await makeFolder();
  const cities = sourceOf('cities');
  function* breakOff() {
    yield* cities.rows();
    throw new Error('the power went');
  }
  const broken = { ...cities, rows: breakOff };
  await expect(seedTables(folder, [sourceOf('countries'), broken])).rejects.toThrow('the power went');
  expect(await seedTables(folder, [sourceOf('countries'), cities])).toEqual([
    { table: 'countries', rows: 60 },
    { table: 'cities', rows: 60 },
  ]);
});

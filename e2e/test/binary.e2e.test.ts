import { createCipheriv, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from '@lancedb/lancedb';
import type { RunReport } from '@lance-offload/core';
import { expect } from 'vitest';
import { arrow } from '../src/arrow.ts';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';

interface Answer {
  readonly tables: readonly RunReport[];
}

const ROWS = 5000;
const BLOB_BYTES = 100_000;
const NO_NONCE = Buffer.alloc(16);
const MEMORY_LIMIT = 700e6;

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** Bytes that do not compress, the same for the same row. */
function blobOf(id: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, `key ${id}`), NO_NONCE).update(
    Buffer.alloc(BLOB_BYTES),
  );
}

/** A table of people with a photo of 100 KB each, and the MD5 of every photo. */
async function createPeople(uri: string): Promise<string[]> {
  const schema = new arrow.Schema([
    new arrow.Field('id', new arrow.Int32(), true),
    new arrow.Field('name', new arrow.Utf8(), true),
    new arrow.Field('photo', new arrow.Binary(), true),
  ]);
  const db = await connect(uri);
  const table = await db.createEmptyTable('people', schema);
  const sums: string[] = [];
  for (let from = 0; from < ROWS; from += 500) {
    const rows = Array.from({ length: 500 }, (_, index) => {
      const photo = blobOf(from + index);
      sums.push(md5(photo));
      return { id: from + index, name: `person ${from + index}`, photo };
    });
    await table.add(rows);
  }
  table.close();
  db.close();
  return sums;
}

/** The most memory a process has had, as the kernel counts it. */
async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

test('a column of 100 KB blobs is never requested under SCD_TYPE_2, within 700 MB, and arrives byte for byte APPEND_ONLY', async ({
  world,
}) => {
  const sums = await createPeople(world.uri);
  const options = { ingestion_type: 'SCD_TYPE_2', primary_keys: ['id'] };
  const source = await world.serve({ tables: { people: options } });
  const worker = await world.worker();
  const planned = await world.offload('plan');
  expect(planned.out).toContain('people: column "photo" left out: binary (SCD_TYPE_2)');
  const first = await world.offload('run');
  expect(first.out).toContain('people: column "photo" left out: binary (SCD_TYPE_2)');
  await editTable(world.uri, 'people', (table) =>
    table.update({ where: 'id % 10 = 0', valuesSql: { name: "'renamed'" } }),
  );
  const { tables } = await world.ask<Answer>('run');
  expect(tables).toMatchObject([
    {
      verified: true,
      lakeRows: ROWS,
      rows: { updated: 500, unchanged: 4500, deleted: 0 },
      droppedColumns: [{ name: 'photo', reason: 'binary (SCD_TYPE_2)' }],
    },
  ]);
  const asked = source.queries('people').map(({ body }) => (body as { columns?: string[] }).columns);
  expect(asked.length).toBeGreaterThanOrEqual(10);
  for (const columns of asked) expect(columns).toEqual(['id', 'name']);
  expect(await peakBytes(worker.pid)).toBeLessThan(MEMORY_LIMIT);

  await world.configure(source.url, { tables: { people: { destination_table: 'archive' } } });
  await worker.kill('SIGTERM');
  await world.worker();
  const appended = await world.ask<Answer>('run');
  const [report] = appended.tables;
  expect(report).toMatchObject({ verified: true, lakeRows: ROWS, droppedColumns: [] });
  // By bytes: 64 MiB hold some 670 of these rows, and the default would be 1,000.
  expect(report?.pages).toBeGreaterThanOrEqual(8);
  const found = await world.lake.sql(
    'SELECT id, md5(photo) AS sum, octet_length(photo)::INT AS bytes FROM archive ORDER BY id',
  );
  expect(found.map(({ sum }) => sum)).toEqual(sums);
  expect(new Set(found.map(({ bytes }) => bytes))).toEqual(new Set([BLOB_BYTES]));
});

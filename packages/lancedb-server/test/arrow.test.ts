import { createRequire } from 'node:module';
import { zstdDecompressSync } from 'node:zlib';
import { Dictionary, Field, Int32, Schema, Struct, Table, Utf8, vectorFromArray } from 'apache-arrow';
import type { TypeMap } from 'apache-arrow';
import { CompressionType, compressionRegistry, tableFromIPC as tableFromIPC21 } from 'apache-arrow-21';
import { decompressFrameSync } from 'lz4-napi';
import { expect, test as base } from 'vitest';
import { tableFromIPC, tableToIPC } from '../src/arrow.ts';
import { schemaBytes, startScan } from '../src/engine-scan.ts';
import { takeApart } from '../src/ipc/take-apart.ts';
import { plainRows, tableFixtures, post } from './fixtures.ts';
import type { Served, TableFixtures } from './fixtures.ts';

const test = base.extend<TableFixtures>(tableFixtures);

compressionRegistry.set(CompressionType.LZ4_FRAME, {
  decode: (bytes) => decompressFrameSync(Buffer.from(bytes)),
});
compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => zstdDecompressSync(bytes) });

test("a table of the client's own Arrow becomes 0 bytes here without an error, so only bytes are taken", () => {
  const commonJs: typeof import('apache-arrow') = createRequire(import.meta.url)('apache-arrow');
  const stranger = commonJs.tableFromArrays({ id: Int32Array.of(1, 2) });
  expect(tableToIPC(stranger, 'stream')).toHaveLength(0);
  const bytes = commonJs.tableToIPC(stranger, 'file');
  expect(tableFromIPC(bytes).numRows).toBe(2);
  expect(tableToIPC(tableFromIPC(bytes), 'stream').length).toBeGreaterThan(0);
});

test('the engine gives each batch as an Arrow file of its own, and the schema as one without batches', async ({
  documents,
}) => {
  const scan = await startScan(documents.query(), 400);
  const first = takeApart((await scan.next()) ?? Buffer.alloc(0));
  expect([first.batches.length, first.dictionaries.length]).toEqual([1, 0]);
  const schema = takeApart(await schemaBytes(documents.query()));
  expect(schema.batches).toEqual([]);
  expect(Buffer.compare(schema.schema, first.schema)).toBe(0);
});

test('what is no Arrow file is refused', () => {
  expect(() => takeApart(Buffer.from('not Arrow at all'))).toThrow(/not an Arrow IPC file/);
  expect(() => takeApart(Buffer.alloc(0))).toThrow(/not an Arrow IPC file/);
});

interface Kind {
  id: number;
  kind: string | null;
  inner: { kind: string };
}

const KIND = new Dictionary(new Utf8(), new Int32(), 1);
const INNER = new Struct<TypeMap>([new Field('kind', new Dictionary(new Utf8(), new Int32(), 2), true)]);
const KINDS = new Schema([
  new Field('id', new Int32(), true),
  new Field('kind', KIND, true),
  new Field('inner', INNER, true),
]);

/** Words are each fragment's own, so that their dictionaries differ. */
function kindsFrom(from: number): Kind[] {
  return Array.from({ length: 300 }, (_, index) => {
    const id = from + index;
    return {
      id,
      kind: id % 11 === 0 ? null : `kind ${from} ${id % 5}`,
      inner: { kind: `inner ${from} ${id % 3}` },
    };
  });
}

function toArrow(kinds: Kind[]): Table {
  const ids = kinds.map(({ id }) => id);
  const words = kinds.map(({ kind }) => kind);
  const inner = kinds.map((row) => row.inner);
  return new Table(KINDS, {
    id: vectorFromArray(ids, new Int32()),
    kind: vectorFromArray(words, KIND),
    inner: vectorFromArray(inner, INNER),
  });
}

/** Dictionaries at the top and inside a struct, in two fragments. */
async function createKinds(served: Served): Promise<Kind[]> {
  const fragments = [kindsFrom(0), kindsFrom(1000)] as const;
  const table = await served.embedded.createTable('kinds', toArrow(fragments[0]));
  await table.add(toArrow(fragments[1]));
  return fragments.flat();
}

test('dictionary columns come whole in both formats, plain and compressed', async ({ served }) => {
  const expected = await createKinds(served);
  for (const compression of [undefined, 'lz4', 'zstd'] as const) {
    const server = await served.serve({ compression });
    for (const format of ['file', 'stream']) {
      const headers = { accept: `application/vnd.apache.arrow.${format}` };
      const response = await post(server, '/v1/table/kinds/query/', { k: 1000, vector: [] }, headers);
      const table = tableFromIPC21(await response.arrayBuffer());
      expect(String(table.schema.fields[1]?.type)).toBe('Dictionary<Int32, Utf8>');
      const rows = table.toArray().map((row) => ({ id: row.id, kind: row.kind, inner: row.inner.toJSON() }));
      expect(rows).toEqual(expected);
    }
  }
});

test('compression changes the framing only: the same rows, in fewer bytes', async ({ served, documents }) => {
  const body = { k: 3000, vector: [], with_row_id: true };
  const [plain, lz4, zstd] = await Promise.all(
    ([undefined, 'lz4', 'zstd'] as const).map(async (compression) => {
      const response = await post(
        await served.serve({ compression }),
        `/v1/table/${documents.name}/query/`,
        body,
      );
      return new Uint8Array(await response.arrayBuffer());
    }),
  );
  const rows = plainRows(tableFromIPC21(plain ?? []));
  expect(rows).toHaveLength(3000);
  for (const packed of [lz4, zstd]) {
    expect(plainRows(tableFromIPC21(packed ?? []))).toEqual(rows);
    expect(packed?.length).toBeLessThan(plain?.length ?? 0);
  }
});

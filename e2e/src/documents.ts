import { Index } from '@lancedb/lancedb';
import type { Schema } from 'apache-arrow';
import { arrow } from './arrow.ts';
import { editTable } from './edit-table.ts';
import { createTable } from './items.ts';

/** A row of the tables these tests search: a key, a kind to filter by, two vectors. */
export interface Document {
  readonly id: number;
  readonly kind: string;
  readonly text: readonly number[];
  readonly image: readonly number[];
}

export const DIMENSIONS = 16;
const IMAGE_DIMENSIONS = 4;
const KINDS = ['note', 'mail', 'page', 'list', 'plan'];

function vectorField(name: string, length: number) {
  const item = new arrow.Field('item', new arrow.Float32(), true);
  return new arrow.Field(name, new arrow.FixedSizeList(length, item), true);
}

const FIELDS = [
  new arrow.Field('id', new arrow.Int32(), true),
  new arrow.Field('kind', new arrow.Utf8(), true),
  vectorField('text', DIMENSIONS),
];
const SCHEMA: Schema = new arrow.Schema(FIELDS);
const TWO_VECTORS: Schema = new arrow.Schema([...FIELDS, vectorField('image', IMAGE_DIMENSIONS)]);

/** A multiplicative generator (Lehmer, as in C++'s minstd_rand): the same numbers at each call. */
function* noise(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 48_271) % 2_147_483_647;
    yield Math.fround(state / 2_147_483_647);
  }
}

function take(numbers: Generator<number, never>, count: number): number[] {
  return Array.from({ length: count }, () => numbers.next().value);
}

/** A vector among those of the documents, and none of them. */
export const QUERY: readonly number[] = take(noise(4711), DIMENSIONS);

/** Documents that are the same at each call. */
export function makeDocuments(count: number): Document[] {
  const numbers = noise(1);
  return Array.from({ length: count }, (_, id) => ({
    id,
    kind: KINDS[id % KINDS.length] ?? '',
    text: take(numbers, DIMENSIONS),
    image: take(numbers, IMAGE_DIMENSIONS),
  }));
}

/** Writes documents as a table with one vector column, `text`, or with both. */
export async function createDocuments(
  uri: string,
  name: string,
  documents: readonly Document[],
  columns: 'one vector' | 'two vectors' = 'one vector',
): Promise<void> {
  const rows = documents.map(({ image, ...row }) => (columns === 'one vector' ? row : { ...row, image }));
  await createTable(uri, name, rows, columns === 'one vector' ? SCHEMA : TWO_VECTORS);
}

/** Indexes of the engine over `text`, coarse enough that what steers them shows in a small table. */
export const INDEXES = {
  ivfFlat: () => Index.ivfFlat({ numPartitions: 20 }),
  /** Four bytes for a vector of sixteen floats: distances are estimates, unless they are refined. */
  ivfPq: () => Index.ivfPq({ numPartitions: 4, numSubVectors: 4 }),
  /** Few edges and little care in choosing them: a search that considers few candidates misses some. */
  hnsw: () => Index.hnswSq({ numPartitions: 1, m: 4, efConstruction: 8 }),
} as const;

export async function indexDocuments(
  uri: string,
  name: string,
  index: keyof typeof INDEXES,
  column = 'text',
): Promise<void> {
  await editTable(uri, name, (table) => table.createIndex(column, { config: INDEXES[index]() }));
}

/** Distances as LanceDB defines them: squared for l2, one minus the product for dot. */
const DISTANCES = {
  l2: (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, axis) => sum + (value - (b[axis] ?? 0)) ** 2, 0),
  dot: (a: readonly number[], b: readonly number[]) => 1 - product(a, b),
  cosine: (a: readonly number[], b: readonly number[]) =>
    1 - product(a, b) / Math.sqrt(product(a, a) * product(b, b)),
} as const;

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0);
}

/** A document and its distance from the query. */
export interface Neighbour {
  readonly id: number;
  readonly distance: number;
}

/** All documents, the nearest first, by comparing every one. */
export function neighbours(
  documents: readonly Document[],
  by: keyof typeof DISTANCES = 'l2',
  vector: readonly number[] = QUERY,
): Neighbour[] {
  return documents
    .map(({ id, text }) => ({ id, distance: DISTANCES[by](text, vector) }))
    .toSorted((a, b) => a.distance - b.distance);
}

import { expect, test } from 'vitest';
import { arrowTypeOf, showLanceType } from '@lance-offload/lancedb';
import { lakeTypeOf, duckdbTypeOf } from '@lance-offload/delta';
import { bodyOf, column, rowIds, type Columns } from '../../../lancedb/test/arrow-bodies.ts';
import { selectFromParquet, transform } from '../read-parquet.ts';
import { DEEPER } from '../../../lancedb/test/samples/deeper.ts';
import { DICTIONARIES, PLACEMENTS, type Pick, type Placement } from '../../../lancedb/test/samples/nested.ts';
import { FAR_TIMESTAMPS, SAMPLES, type TypeSample } from '../type-samples.ts';

const PLACES = [...PLACEMENTS, ...DEEPER];

const ROWS = 5;

/** A page of four batches in two bodies, all of which hold the same. In a file, batches share their dictionaries. */
async function readBack(sample: TypeSample, placements: readonly Placement[]): Promise<unknown[]> {
  const make = (): Columns =>
    Object.fromEntries(placements.map(({ name, data }) => [name, data(sample.leaf)]));
  const shared = make();
  const inFile = [0, 1].map((at) => ({ ...shared, _rowid: rowIds(at * ROWS, ROWS) }));
  const inStream = [2, 3].map((at) => ({ ...make(), _rowid: rowIds(at * ROWS, ROWS) }));
  const bodies = [bodyOf(inFile, 'file'), bodyOf(inStream, 'stream')];
  const page = transform(
    bodies,
    placements.map(({ name, lance }) => column(name, lance(sample.lance))),
  );
  expect(page.rows).toBe(4 * ROWS);
  const at = (pick: Pick) => (pick === null ? 'NULL' : sample.literals[pick]);
  const checks = placements.map(({ name, duckdb, rows }) => {
    const cases = rows(at).map(
      (literal, row) =>
        `WHEN ${row} THEN "${name}" IS NOT DISTINCT FROM ${literal}::${duckdb(sample.duckdb)}`,
    );
    const wrong = `count(*) FILTER (NOT CASE _rowid % ${ROWS} ${cases.join(' ')} END)::INTEGER`;
    return `SELECT '${name}' AS name, any_value(typeof("${name}")), ${wrong}, count(*)::INTEGER FROM page`;
  });
  return selectFromParquet(page.parquet, checks.join(' UNION ALL '));
}

/** DuckDB names a struct's fields in quotes only where it must. */
const bare = (type: string) => type.replaceAll(/"(\w+)" /g, '$1 ');

function promised(sample: TypeSample, { name, lance, duckdb }: Placement): unknown[] {
  const type = arrowTypeOf(lance(sample.lance));
  const lake = type && lakeTypeOf(type);
  if (!lake) throw new Error(`${name} of ${sample.lance.type} has no lake type`);
  expect(duckdbTypeOf(lake.delta)).toBe(duckdb(sample.duckdb));
  return [name, bare(duckdbTypeOf(lake.delta)), 0, 4 * ROWS];
}

const titled = [...SAMPLES, ...FAR_TIMESTAMPS].map((sample) => ({
  title: `${showLanceType(sample.lance)} becomes ${sample.duckdb}`,
  sample,
}));

test.for(titled)('$title, by itself and inside lists, structs and maps', async ({ sample }) => {
  const type = arrowTypeOf(sample.lance);
  expect(type && lakeTypeOf(type)?.delta).toBe(sample.delta);
  const found = await readBack(sample, PLACES);
  const bared = found.map((row) =>
    (row as unknown[]).map((value, index) => (index === 1 ? bare(String(value)) : value)),
  );
  expect(bared).toEqual(PLACES.map((placement) => promised(sample, placement)));
});

const inDictionaries = titled.filter(
  ({ sample }) => sample.lance.length === undefined && sample.lance.type !== 'null',
);

test.for(inDictionaries)('$title, as the values of a dictionary', async ({ sample }) => {
  expect(await readBack(sample, DICTIONARIES)).toEqual(
    DICTIONARIES.map((placement) => promised(sample, placement)),
  );
});

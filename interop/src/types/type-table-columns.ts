import type { LanceField } from '../../../packages/lancedb/src/lance-type.ts';
import { bodyOf, column, int32, rowIds, type Columns } from '../../../packages/lancedb/test/arrow-bodies.ts';
import { DEEPER } from '../../../packages/lancedb/test/samples/deeper.ts';
import { DICTIONARIES, PLACEMENTS, type Placement } from '../../../packages/lancedb/test/samples/nested.ts';
import {
  EDGE_FLOATS,
  FAR_TIMESTAMPS,
  SAMPLES,
  type TypeSample,
} from '../../../packages/core/test/type-samples.ts';

/** Rows of every placement. */
export const ROWS = 5;

/** One type in one place: a column of the source, and what the lake must hold of it, as DuckDB's literals. */
export interface PlacedType {
  readonly column: string;
  readonly sample: TypeSample;
  readonly placement: Placement;
  readonly lance: LanceField;
  readonly literals: readonly string[];
  readonly duckdb: string;
}

/** All types in one place, one table. */
export interface TypeTable {
  readonly name: string;
  readonly placement: Placement;
  readonly columns: readonly PlacedType[];
}

const ALL = [...SAMPLES, ...EDGE_FLOATS, ...FAR_TIMESTAMPS];
/** Types that Lance's JSON gives a length or that are null have no dictionary. */
const IN_DICTIONARIES = ALL.filter(({ lance }) => lance.length === undefined && lance.type !== 'null');

const literalAt = (sample: TypeSample) => (pick: 0 | 1 | 2 | null) =>
  pick === null ? 'NULL' : sample.literals[pick];

function placed(sample: TypeSample, placement: Placement, index: number): PlacedType {
  const name = `c${index}`;
  return {
    column: name,
    sample,
    placement,
    lance: column(name, placement.lance(sample.lance)),
    literals: placement.rows(literalAt(sample)),
    duckdb: placement.duckdb(sample.duckdb),
  };
}

function tableOf(placement: Placement, samples: readonly TypeSample[]): TypeTable {
  return {
    name: placement.name.replaceAll(/\W/g, '_'),
    placement,
    columns: samples.map((sample, index) => placed(sample, placement, index)),
  };
}

/** Every type of docs/types.md, by itself and in each way it can be nested. */
export const TYPE_TABLES: readonly TypeTable[] = [
  ...[...PLACEMENTS, ...DEEPER].map((placement) => tableOf(placement, ALL)),
  ...DICTIONARIES.map((placement) => tableOf(placement, IN_DICTIONARIES)),
];

/** The column that orders the rows. */
export const ID = 'id';

/** An Arrow body with these columns, as LanceDB would send it, or as a FILE it can be given. */
export function bodyWith(columns: readonly PlacedType[], framing: 'file' | 'stream'): Buffer {
  const data: Columns = Object.fromEntries([
    [ID, int32(Array.from({ length: ROWS }, (_, row) => row))],
    ...columns.map(({ column: name, placement, sample }, index) => [
      name,
      placement.data(sample.leaf, index + 1),
    ]),
    ...(framing === 'stream' ? [['_rowid', rowIds(0, ROWS)]] : []),
  ]);
  return Buffer.from(bodyOf([data], framing));
}

import { columnFacts, WHOLE_ROWS, type ColumnFacts } from './checksums.ts';
import type { ClickHouse, Relation } from './clickhouse.ts';
import type { SourceTable } from './source.ts';

/** One line of the result. */
export interface Comparison {
  readonly column: string;
  readonly readAs: string;
  readonly source: string;
  readonly lake: string;
  readonly passed: boolean;
}

const LINEAGE = ['_run_id', '_offloaded_at', '_row_hash'] as const;
const BOUNDS = ['__START_AT', '__END_AT'] as const;
/** The rows of a table of SCD_TYPE_2 that are the source's now. */
export const OPEN = '__END_AT IS NULL';

export const show = ({ rows, nulls, checksum }: ColumnFacts): string =>
  `${rows} rows, ${nulls} nulls, ${checksum.toString(16).padStart(16, '0')}`;

export function compared(column: string, source: string, lake: string, readAs = ''): Comparison {
  return { column, readAs, source, lake, passed: source === lake };
}

/**
 * Every column of a table, whole rows, the count by metadata, and the lineage columns: source against lake. Of a table that
 * keeps its history the open rows, counted one by one.
 */
export async function compareTable(
  source: SourceTable,
  folder: string,
  clickhouse: ClickHouse,
): Promise<Comparison[]> {
  const wanted = await columnFacts(source.batches);
  const columns = [...wanted.keys()].filter((name) => name !== WHOLE_ROWS);
  const types = clickhouse.columnTypes({ folder });
  const hasHistory = types.has('__END_AT');
  const where = hasHistory ? OPEN : undefined;
  const relation: Relation = hasHistory ? { folder, version: 'latest' } : { folder };
  const found = await columnFacts(clickhouse.batches(relation, { where }), columns);
  const readAs = (name: string) => (types.get(name) ?? '').replaceAll(/\s+/g, ' ');
  return [
    compared(
      '(columns)',
      [...columns, ...LINEAGE, ...(hasHistory ? BOUNDS : [])].join(', '),
      [...types.keys()].join(', '),
    ),
    compared('count()', String(source.rows), String(clickhouse.countRows(relation, where))),
    ...[...wanted].map(([name, facts]) => {
      const inLake = found.get(name);
      return compared(name, show(facts), inLake ? show(inLake) : 'missing', readAs(name));
    }),
    ...LINEAGE.map((name) => {
      const inLake = found.get(name);
      return compared(
        name,
        `${source.rows} rows, 0 nulls`,
        inLake ? `${inLake.rows} rows, ${inLake.nulls} nulls` : 'missing',
        readAs(name),
      );
    }),
  ];
}

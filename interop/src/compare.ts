import { columnFacts, WHOLE_ROWS, type ColumnFacts } from './checksums.ts';
import type { ClickHouse } from './clickhouse.ts';
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

const show = ({ rows, nulls, checksum }: ColumnFacts): string =>
  `${rows} rows, ${nulls} nulls, ${checksum.toString(16).padStart(16, '0')}`;

function compared(column: string, source: string, lake: string, readAs = ''): Comparison {
  return { column, readAs, source, lake, passed: source === lake };
}

/** Every column of a table, whole rows, the count by metadata, and the lineage columns: source against lake. */
export async function compareTable(
  source: SourceTable,
  folder: string,
  clickhouse: ClickHouse,
): Promise<Comparison[]> {
  const wanted = await columnFacts(source.batches);
  const columns = [...wanted.keys()].filter((name) => name !== WHOLE_ROWS);
  const types = clickhouse.columnTypes(folder);
  const found = await columnFacts(clickhouse.batches(folder), columns);
  const readAs = (name: string) => (types.get(name) ?? '').replaceAll(/\s+/g, ' ');
  return [
    compared('(columns)', [...columns, ...LINEAGE].join(', '), [...types.keys()].join(', ')),
    compared('count()', String(source.rows), String(clickhouse.countRows(folder))),
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

import { createRequire } from 'node:module';
import { arrow } from './arrow.ts';
import type { Batch } from './checksums.ts';

/** The little of chdb used here: its own types are there only once it is installed. */
interface Chdb {
  Session: new () => {
    query(sql: string, format: string): string;
    queryStream(sql: string, options: { format: string }): AsyncIterable<{ raw(): Uint8Array }>;
    close(): void;
  };
}

/** What is read: a Delta table by its folder, at its latest version or another one, or one Parquet file. */
export type Relation =
  | { readonly folder: string; readonly version?: number | 'latest' }
  | { readonly parquet: string };

/**
 * Arrow uncompressed, since the decoder here takes no other; strings as bytes, since they hold the binary columns too. Rows
 * are counted one by one where a version is asked for: such tables may have deletion vectors, and ClickHouse answers a bare
 * `count()` from statistics that still count the deleted rows (github.com/ClickHouse/ClickHouse/issues/114933).
 */
const SETTINGS = `output_format_arrow_compression_method = 'none', output_format_arrow_string_as_string = 0`;

function settingsFor(relation: Relation): string {
  if (!('version' in relation)) return `SETTINGS ${SETTINGS}`;
  const version = relation.version === 'latest' ? -1 : relation.version;
  return `SETTINGS ${SETTINGS}, optimize_trivial_count_query = 0, delta_lake_snapshot_version = ${version}`;
}

/** ClickHouse in this process, whose Delta reader is delta-kernel-rs. */
export interface ClickHouse {
  version: string;
  /** ClickHouse's type of each column, by name. */
  columnTypes(relation: Relation): Map<string, string>;
  countRows(relation: Relation, where?: string): number;
  /** Counts the rows each condition finds, as `countRows` does. */
  countFound(relation: Relation, conditions: readonly string[]): number[];
  /** Counts, over all rows, those that each condition is true of: no row is left out before it is looked at. */
  countTrue(relation: Relation, conditions: readonly string[]): number[];
  batches(relation: Relation, part?: { columns?: string; where?: string | undefined }): AsyncIterable<Batch>;
  close(): void;
}

/** ClickHouse opens files below the working directory only, which has to be an ancestor of every lake. */
export function openClickHouse(): ClickHouse {
  const chdb: Chdb = createRequire(import.meta.url)('chdb');
  const session = new chdb.Session();
  const json = (sql: string): { data: Record<string, unknown>[] } => JSON.parse(session.query(sql, 'JSON'));
  const cell = (sql: string): string => String(json(sql).data[0]?.['value']);
  return {
    version: cell('SELECT version() AS value'),
    columnTypes(relation) {
      const { data } = json(`DESCRIBE ${source(relation)} ${settingsFor(relation)}`);
      return new Map(data.map((column) => [String(column['name']), String(column['type'])]));
    },
    countRows(relation, where) {
      return Number(cell(`SELECT count() AS value ${from(relation, where)}`));
    },
    countFound(relation, conditions) {
      const counts = conditions.map(
        (where, index) => `SELECT ${index} AS i, count() AS value FROM ${source(relation)} WHERE ${where}`,
      );
      const { data } = json(
        `SELECT * FROM (${counts.join(' UNION ALL ')}) ORDER BY i ${settingsFor(relation)}`,
      );
      return data.map((row) => Number(row['value']));
    },
    countTrue(relation, conditions) {
      const counts = conditions.map((condition, index) => `countIf(${condition}) AS c${index}`);
      const [row] = json(`SELECT ${counts.join(', ')} ${from(relation)}`).data;
      return conditions.map((_, index) => Number(row?.[`c${index}`]));
    },
    async *batches(relation, { columns = '*', where } = {}) {
      const chunks = session.queryStream(`SELECT ${columns} ${from(relation, where)}`, {
        format: 'ArrowStream',
      });
      for await (const chunk of chunks) yield* arrow.tableFromIPC(chunk.raw()).batches;
    },
    close: () => session.close(),
  };
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function source(relation: Relation): string {
  return 'parquet' in relation
    ? `file(${quote(relation.parquet)}, Parquet)`
    : `deltaLakeLocal(${quote(relation.folder)})`;
}

function from(relation: Relation, where?: string): string {
  return `FROM ${source(relation)} ${where === undefined ? '' : `WHERE ${where} `}${settingsFor(relation)}`;
}

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

/** Uncompressed, since Arrow's decoder here takes no other; strings as bytes, since they hold the binary columns too. */
const ARROW = `SETTINGS output_format_arrow_compression_method = 'none', output_format_arrow_string_as_string = 0`;

/** Reads Delta tables by their path: ClickHouse in this process, whose Delta reader is delta-kernel-rs. */
export interface ClickHouse {
  version: string;
  /** ClickHouse's type of each column, by name. */
  columnTypes(folder: string): Map<string, string>;
  countRows(folder: string): number;
  batches(folder: string): AsyncIterable<Batch>;
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
    columnTypes(folder) {
      const { data } = json(`DESCRIBE ${delta(folder)}`);
      return new Map(data.map((column) => [String(column['name']), String(column['type'])]));
    },
    countRows: (folder) => Number(cell(`SELECT count() AS value FROM ${delta(folder)}`)),
    async *batches(folder) {
      const chunks = session.queryStream(`SELECT * FROM ${delta(folder)} ${ARROW}`, {
        format: 'ArrowStream',
      });
      for await (const chunk of chunks) yield* arrow.tableFromIPC(chunk.raw()).batches;
    },
    close: () => session.close(),
  };
}

const delta = (folder: string): string =>
  `deltaLakeLocal('${folder.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}')`;

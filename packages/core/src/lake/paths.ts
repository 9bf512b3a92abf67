import path from 'node:path';
import { OffloadError } from '../errors/offload-error.ts';

const MAX_FILE_NAME_BYTES = 255;

/**
 * A table's name as one folder name: all but ASCII letters, digits, `-`, `_`, and dots that are not the first
 * character, percent-encoded as UTF-8, so that no name can leave the lake, hide itself, or mean something to a file
 * system. Dots stay because `schema.table` is a common name, and ClickHouse cannot open a path with a `%` in it.
 */
export function encodeTableName(table: string): string {
  const encoded = [...Buffer.from(table, 'utf8')]
    .map((byte, index) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9_-]/.test(character) || (character === '.' && index > 0)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
  if (table === '' || encoded.length > MAX_FILE_NAME_BYTES) {
    throw new OffloadError(
      'CONFIG_INVALID',
      `The table name "${table}" does not fit a folder name; set destination_table to a shorter one`,
      { table },
    );
  }
  return encoded;
}

/** The table a folder is of; `undefined` for a folder that no table has. */
export function decodeTableName(folder: string): string | undefined {
  if (!/^(?:[A-Za-z0-9_.-]|%[0-9A-F]{2})+$/.test(folder)) return undefined;
  const table = Buffer.from(
    folder.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
  return encodeTableName(table) === folder ? table : undefined;
}

/** Where everything of a lake is. */
export class LakePaths {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get database(): string {
    return path.join(this.root, 'lake.duckdb');
  }

  get tables(): string {
    return path.join(this.root, 'tables');
  }

  table(destination: string): string {
    return path.join(this.tables, encodeTableName(destination));
  }

  runs(destination: string): string {
    return path.join(this.table(destination), '_offload');
  }

  run(destination: string, runId: string): string {
    return path.join(this.runs(destination), runId);
  }

  plan(destination: string, runId: string): string {
    return path.join(this.run(destination, runId), 'plan.json');
  }

  report(destination: string, runId: string): string {
    return path.join(this.run(destination, runId), 'report.json');
  }

  receipts(destination: string, runId: string): string {
    return path.join(this.run(destination, runId), 'receipts');
  }

  receipt(destination: string, runId: string, page: number): string {
    return path.join(this.receipts(destination, runId), `${pageName(page)}.json`);
  }

  /** The ids of a run's rows at a source version, 8 bytes each, ascending. */
  rowIds(destination: string, runId: string, sourceVersion: number): string {
    return path.join(this.run(destination, runId), `row-ids-${sourceVersion}.bin`);
  }

  /** Files of a run's key sweep. */
  keys(destination: string, runId: string): string {
    return path.join(this.run(destination, runId), 'keys');
  }

  data(destination: string, runId: string): string {
    return path.join(this.table(destination), 'data', runId);
  }
}

export const pageName = (index: number): string => `page-${String(index).padStart(6, '0')}`;

/** Path of a data file relative to its table, as the Delta log names it. A page has one file, or several numbered parts. */
export function dataFilePath(runId: string, page: number, part: number): string {
  return `data/${runId}/${partName(page, part)}`;
}

const partName = (page: number, part: number): string =>
  `${pageName(page)}${part === 0 ? '' : `-${part}`}.parquet`;

/** Path of a key sweep's file relative to its table: where readers do not look, because it is no data of the table's. */
export function keysFilePath(runId: string, page: number, part: number): string {
  return `_offload/${runId}/keys/${partName(page, part)}`;
}

/** Path of a file of closed versions (SCD_TYPE_2) relative to its table. */
export function closedFilePath(runId: string, deltaVersion: number, part: number): string {
  return `data/${runId}/closed-${deltaVersion}-${String(part).padStart(3, '0')}.parquet`;
}

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { OffloadError } from '@lance-offload/base';

const MAX_FILE_NAME_BYTES = 255;
export const LAST_OPENING = 9_999_999_999;

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

/** Where everything of a lake is: keys of its store, or, below a root, paths. */
export class LakePaths {
  readonly root: string;

  constructor(root = '') {
    this.root = root;
  }

  get database(): string {
    return path.join(this.root, 'lake.duckdb');
  }

  /** Hints: which version of each table lake.duckdb has to show. */
  get viewMarks(): string {
    return path.join(this.root, '_offload', 'views');
  }

  viewMark(destination: string, version: number): string {
    return path.join(this.viewMarks, encodeTableName(destination), String(version).padStart(20, '0'));
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

  decision(destination: string, runId: string): string {
    return path.join(this.run(destination, runId), 'decision.json');
  }

  /** The claims by which a table's runs are opened, one after the other. */
  openings(destination: string): string {
    return path.join(this.runs(destination), 'openings');
  }

  /** Counts down, so that a listing begins with the last one. */
  opening(destination: string, number: number): string {
    return path.join(this.openings(destination), `${String(LAST_OPENING - number).padStart(10, '0')}.json`);
  }

  /** The ids of a run's rows, 8 bytes each, ascending. */
  rowIds(destination: string, runId: string, name: string): string {
    return path.join(this.run(destination, runId), name);
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

/**
 * The random id of an attempt. It is part of the name of every file the attempt writes, so that no two writers ever share
 * a name, however late one of them wakes up.
 */
export function newAttemptId(): string {
  return randomBytes(8).toString('hex');
}

/** Path of a data file relative to its table, as the Delta log names it. A page has one file, or several numbered parts. */
export function dataFilePath(runId: string, page: number, part: number, attempt: string): string {
  return `data/${runId}/${partName(page, part, attempt)}`;
}

const partName = (page: number, part: number, attempt: string): string =>
  `${pageName(page)}${part === 0 ? '' : `-${part}`}.${attempt}.parquet`;

/** Path of a key sweep's file relative to its table: where readers do not look, because it is no data of the table's. */
export function keysFilePath(runId: string, page: number, part: number, attempt: string): string {
  return `_offload/${runId}/keys/${partName(page, part, attempt)}`;
}

/** Path of a file of closed versions (SCD_TYPE_2) relative to its table. */
export function closedFilePath(runId: string, deltaVersion: number, part: number, attempt: string): string {
  return `data/${runId}/closed-${deltaVersion}-${String(part).padStart(3, '0')}.${attempt}.parquet`;
}

/** Notes that a file of deletion vectors is a run's, relative to its table. */
export function vectorNote(runId: string, file: string): string {
  return `_offload/${runId}/vectors/${file}`;
}

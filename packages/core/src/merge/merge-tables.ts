import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { OffloadError } from '@lance-offload/base';
import {
  deltaField,
  dataFilePathOf,
  FILE,
  liveRows,
  loadDeletedRows,
  ROW,
  duckdbTypeOf,
  quoteIdentifier,
  quoteText,
  type DeltaStruct,
  type DeltaType,
  type Add,
  type Store,
  type Snapshot,
  type DataFile,
} from '@lance-offload/delta';
import { ROW_ID } from '@lance-offload/lancedb';
import type { PageKind } from '../plan/page.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import { END_AT, START_AT } from '../lake/validity.ts';
import type { Receipt } from '../stage/receipt.ts';

/** What a merge works on: the run's files, the lake's, and a DuckDB that reads a few narrow columns of them. */
export interface MergeInput {
  readonly plan: RunPlan;
  readonly receipts: readonly Receipt[];
  readonly snapshot: Snapshot | undefined;
  /** The lake table. */
  readonly table: Store;
  /** Whether the run's pages hold some rows more than once. */
  readonly repeats: boolean;
  /** The table's columns after the run: whatever a file was written with, its rows are read in these. */
  readonly schema: DeltaStruct;
}

/** The table of rows that are deleted in the lake's files. */
export const DELETED = 'deleted_rows';

const statsSchema = z.object({ numRecords: z.int() });

/** Live rows of a file, as the log says: its statistics, without the rows of its deletion vector. */
function rowsOf({ stats, deletionVector, path: file }: Add): number {
  const parsed = statsSchema.safeParse(JSON.parse(stats ?? '{}'));
  if (!parsed.success)
    throw new OffloadError('LAKE_UNAVAILABLE', `The Delta log does not say how many rows ${file} has`, {
      path: file,
    });
  return parsed.data.numRecords - (deletionVector?.cardinality ?? 0);
}

function filesOf(receipts: readonly Receipt[], kind: PageKind): DataFile[] {
  return receipts.filter(({ page }) => page.scan === kind).flatMap((receipt) => receipt.files);
}

/** Names of the key columns in every table of a merge: `k0, k1, …`, whatever they are called in the lake. */
export function keyNames({ primaryKeys }: Pick<RunPlan, 'primaryKeys'>): string[] {
  return primaryKeys.map((_, index) => `k${index}`);
}

/** Whether values of a type may be NaN, which as a sequence is no value. */
export function isFloat(type: DeltaType): boolean {
  return type === 'float' || type === 'double';
}

/** A comma-separated list, with a table's alias in front of each name. */
export function list(names: readonly string[], alias?: string): string {
  return names.map((name) => (alias === undefined ? name : `${alias}.${name}`)).join(', ');
}

/** `a.k0 = b.k0 AND …`: keys have no nulls. */
export function sameKey(plan: Pick<RunPlan, 'primaryKeys'>, a: string, b: string): string {
  return keyNames(plan)
    .map((key) => `${a}.${key} = ${b}.${key}`)
    .join(' AND ');
}

/** The tables of a merge in DuckDB. Each holds keys, sequence and row hash, never a wide column. */
export class MergeTables {
  readonly input: MergeInput;
  readonly connection: DuckDBConnection;
  /** The table's columns, and the row id that rides in every file of a run. */
  readonly schema: DeltaStruct;
  /** Ids of data files by their path in the Delta log, the lake's first. */
  readonly #files: readonly DataFile[];

  private constructor(input: MergeInput, connection: DuckDBConnection) {
    this.input = input;
    this.connection = connection;
    const { fields } = input.schema;
    const rowId = fields.some(({ name }) => name === ROW_ID) ? [] : [deltaField(ROW_ID, 'long')];
    this.schema = { type: 'struct', fields: [...fields, ...rowId] };
    this.#files = [...this.lakeFiles, ...this.runFiles];
  }

  /** Loads the list of files and the rows that are deleted in them. */
  static async open(input: MergeInput, connection: DuckDBConnection): Promise<MergeTables> {
    const tables = new MergeTables(input, connection);
    await loadDeletedRows(connection, DELETED, input.table, tables.lakeFiles);
    await connection.run('CREATE TABLE files (id INTEGER, path VARCHAR)');
    const values = tables.#files.map(
      (file, id) => `(${id}, ${quoteText(dataFilePathOf(input.table, file))})`,
    );
    if (values.length > 0) await connection.run(`INSERT INTO files VALUES ${values.join(', ')}`);
    await tables.#createRepeats();
    return tables;
  }

  get lakeFiles(): readonly Add[] {
    return this.input.snapshot?.files ?? [];
  }

  get runFiles(): readonly DataFile[] {
    return filesOf(this.input.receipts, 'rows');
  }

  /** Rows the source has sent before: the same row id, so the same row. */
  async #createRepeats(): Promise<void> {
    const ranked = this.input.repeats
      ? `SELECT *, row_number() OVER (PARTITION BY id ORDER BY file, "row") AS copy FROM (${this.rows(this.runFiles, { id: `r.${ROW_ID}` }, [ROW_ID])})`
      : 'SELECT 0 AS file, 0 AS "row", 0 AS copy WHERE false';
    await this.connection.run(`CREATE TABLE repeats AS SELECT file, "row" FROM (${ranked}) WHERE copy > 1`);
  }

  /** The Delta type of a column. */
  typeOf(column: string): DeltaType {
    const field = this.schema.fields.find(({ name }) => name === column);
    if (!field) throw new TypeError(`the table has no column "${column}"`);
    return field.type;
  }

  /** The Delta type of the sequence. */
  get sequenceType(): DeltaType {
    const { sequenceBy } = this.input.plan;
    return sequenceBy === null ? 'long' : this.typeOf(sequenceBy);
  }

  fileOf(id: number): DataFile {
    const file = this.#files[id];
    if (!file) throw new RangeError(`there is no file ${id} in this merge`);
    return file;
  }

  /** `SELECT file, "row", <columns>` over the live rows of files. `columns` maps expressions over lake columns to names. */
  rows(
    files: readonly DataFile[],
    columns: Readonly<Record<string, string>>,
    needed: readonly string[],
  ): string {
    const placed = { file: 'f.id', '"row"': `r.${ROW}`, ...columns };
    return `${this.values(files, placed, needed)} JOIN files f ON f.path = r.${FILE}`;
  }

  /** `SELECT <columns>` over the live rows of files, without their places. */
  values(
    files: readonly DataFile[],
    columns: Readonly<Record<string, string>>,
    needed: readonly string[],
  ): string {
    const selected = Object.entries(columns).map(([name, expression]) => `${expression} AS ${name}`);
    return `SELECT ${selected.join(', ')} FROM (${this.#live(files, needed)}) r`;
  }

  #live(files: readonly DataFile[], columns: readonly string[]): string {
    return liveRows(this.input.table, files, { deletedTable: DELETED, columns, schema: this.schema });
  }

  /**
   * Keys, sequence (`seq`, null where the source version is the sequence) and row hash of the run, as `run_rows`; under
   * SCD_TYPE_2 with the start the page file has.
   */
  async createRunRows(): Promise<void> {
    if (this.runFiles.length === 0) return this.#createEmpty('run_rows');
    const { columns, needed } = this.#narrow();
    const history = this.input.plan.ingestionType === 'SCD_TYPE_2';
    const rows = this.rows(this.runFiles, { ...columns, ...(history && { file_start: `r.${START_AT}` }) }, [
      ...needed,
      ...(history ? [START_AT] : []),
    ]);
    await this.connection.run(
      `CREATE TABLE run_rows AS SELECT * FROM (${rows}) ANTI JOIN repeats USING (file, "row")`,
    );
  }

  /** The same of the lake, as the view `lake_rows`; with the bounds of each version under SCD_TYPE_2. */
  async createLakeRows(): Promise<void> {
    const { plan } = this.input;
    if (this.lakeFiles.length === 0) return this.#createEmpty('lake_rows');
    const { columns, needed } = this.#narrow();
    const history = plan.ingestionType === 'SCD_TYPE_2';
    const bounds = history ? { start_at: `r.${START_AT}`, end_at: `r.${END_AT}` } : {};
    const seq = history && plan.sequenceBy === null ? { seq: `r.${START_AT}` } : {};
    const rows = this.rows(this.lakeFiles, { ...columns, ...seq, ...bounds }, [
      ...needed,
      ...(history ? [START_AT, END_AT] : []),
    ]);
    await this.connection.run(`CREATE VIEW lake_rows AS ${rows}`);
  }

  /** Keys the source has, as `source_keys`: those of the run where it is a complete snapshot, else those of the sweep. */
  async createSourceKeys(): Promise<void> {
    const { plan, receipts } = this.input;
    const keys = keyNames(plan);
    const swept = filesOf(receipts, 'keys');
    if (plan.deletes !== 'sweep' || swept.length === 0) {
      const none = plan.deletes === 'sweep' ? ' WHERE false' : '';
      await this.connection.run(`CREATE VIEW source_keys AS SELECT ${list(keys)} FROM run_rows${none}`);
      return;
    }
    const values = this.values(swept, this.#keyColumns(), plan.primaryKeys);
    await this.connection.run(`CREATE VIEW source_keys AS ${values}`);
  }

  /** Rows that readers must not see, as `removed (file, row)`: a merge's result, beside the versions it copies. */
  async createRemoved(select: string): Promise<void> {
    await this.connection.run(`CREATE TABLE removed AS ${select} UNION ALL SELECT file, "row" FROM repeats`);
  }

  /** Rows of the lake that are not deleted, as its log counts them. */
  get liveLakeRows(): number {
    return this.lakeFiles.reduce((sum, file) => sum + rowsOf(file), 0);
  }

  async count(from: string): Promise<number> {
    const result = await this.connection.runAndReadAll(`SELECT count(*)::BIGINT FROM ${from}`);
    return Number(result.getRows()[0]?.[0]);
  }

  /** Counts by name, from a query of two columns; 0 for a name it does not have. */
  async tally(select: string): Promise<(name: string) => number> {
    const result = await this.connection.runAndReadAll(select);
    const counts = new Map(result.getRows().map(([name, count]) => [String(name), Number(count)]));
    return (name) => counts.get(name) ?? 0;
  }

  /** Keys and sequences of the run that several rows share without being the same. */
  tiesOfRun(): Promise<number> {
    const keys = list(keyNames(this.input.plan));
    return this.count(`(SELECT 1 FROM run_rows GROUP BY ${keys}, seq HAVING min(hash) <> max(hash))`);
  }

  async #createEmpty(name: string): Promise<void> {
    const { plan } = this.input;
    const keys = plan.primaryKeys.map(
      (column, index) => `NULL::${duckdbTypeOf(this.typeOf(column))} AS k${index}`,
    );
    const sequence = duckdbTypeOf(this.sequenceType);
    const typed = ['seq', 'start_at', 'end_at', 'file_start'].map(
      (column) => `NULL::${sequence} AS ${column}`,
    );
    const columns = [
      'NULL::INTEGER AS file',
      'NULL::BIGINT AS "row"',
      ...keys,
      ...typed,
      'NULL::BIGINT AS hash',
    ];
    await this.connection.run(`CREATE VIEW ${name} AS SELECT ${columns.join(', ')} WHERE false`);
  }

  #keyColumns(): Record<string, string> {
    const { primaryKeys } = this.input.plan;
    return Object.fromEntries(primaryKeys.map((name, index) => [`k${index}`, `r.${quoteIdentifier(name)}`]));
  }

  #sequence(): string {
    const { sequenceBy } = this.input.plan;
    if (sequenceBy === null) return 'NULL::BIGINT';
    const column = `r.${quoteIdentifier(sequenceBy)}`;
    // NaN sorts above everything in DuckDB and below nothing elsewhere: as a sequence it is no value.
    return isFloat(this.sequenceType) ? `CASE WHEN NOT isnan(${column}) THEN ${column} END` : column;
  }

  #narrow(): { columns: Record<string, string>; needed: string[] } {
    const { plan } = this.input;
    const needed = [...plan.primaryKeys, ...(plan.sequenceBy === null ? [] : [plan.sequenceBy]), '_row_hash'];
    const columns = { ...this.#keyColumns(), seq: this.#sequence(), hash: 'r._row_hash' };
    return { columns, needed: [...new Set(needed)] };
  }
}

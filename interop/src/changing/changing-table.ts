import { connectSource } from '../source.ts';
import { toArrow, type ColumnTypes, type Row } from './arrow-rows.ts';

/** What a source table holds at one version: as the script wrote it, not as LanceDB gives it. */
export interface SourceState {
  readonly columns: ColumnTypes;
  readonly rows: readonly Row[];
}

type Connection = Awaited<ReturnType<typeof connectSource>>;
type LanceTable = Awaited<ReturnType<Connection['openTable']>>;

/** Rows to take or to leave, once for LanceDB and once for the script's own list; the two must say the same. */
export interface Selection {
  readonly sql: string;
  readonly takes: (row: Row) => boolean;
}

/** A LanceDB table and, beside it, a list of what is in it. Every change is made to both. */
export class ChangingTable {
  readonly name: string;
  readonly #connection: Connection;
  #columns: ColumnTypes;
  #rows: readonly Row[] = [];
  #exists = false;

  constructor(connection: Connection, name: string, columns: ColumnTypes) {
    this.#connection = connection;
    this.name = name;
    this.#columns = columns;
  }

  get state(): SourceState {
    return { columns: this.#columns, rows: this.#rows };
  }

  /** Writes the whole table anew, in this order, as a further version of it. */
  async rewrite(rows: readonly Row[], columns: ColumnTypes = this.#columns): Promise<void> {
    const mode = this.#exists ? 'overwrite' : 'create';
    const table = await this.#connection.createTable(this.name, toArrow(columns, rows), { mode });
    table.close();
    this.#exists = true;
    this.#columns = columns;
    this.#rows = rows;
  }

  async add(rows: readonly Row[]): Promise<void> {
    await this.#change((table) => table.add(toArrow(this.#columns, rows)));
    this.#rows = [...this.#rows, ...rows];
  }

  /** Replaces the rows of the same keys, which must be there once at most, and adds the others. */
  async upsert(keys: readonly string[], rows: readonly Row[]): Promise<void> {
    const data = toArrow(this.#columns, rows);
    await this.#change((table) =>
      table.mergeInsert(keys).whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(data),
    );
    const keyOf = (row: Row) => JSON.stringify(keys.map((key) => String(row[key])));
    const replaced = new Set(rows.map(keyOf));
    this.#rows = [...this.#rows.filter((row) => !replaced.has(keyOf(row))), ...rows];
  }

  async remove({ sql, takes }: Selection): Promise<void> {
    await this.#change((table) => table.delete(sql));
    this.#rows = this.#rows.filter((row) => !takes(row));
  }

  /** A column of nulls, behind the others. */
  async addColumn(name: string, type: ColumnTypes[string]): Promise<void> {
    const [field] = toArrow({ [name]: type }, []).schema.fields;
    await this.#change((table) => table.addColumns(field));
    this.#columns = { ...this.#columns, [name]: type };
  }

  /** Makes columns wider; the values stay. */
  async widen(columns: ColumnTypes): Promise<void> {
    const changes = Object.entries(columns).map(([path, dataType]) => ({ path, dataType }));
    await this.#change((table) => table.alterColumns(changes));
    this.#columns = { ...this.#columns, ...columns };
  }

  async #change(change: (table: LanceTable) => Promise<unknown>): Promise<void> {
    const table = await this.#connection.openTable(this.name);
    try {
      await change(table);
    } finally {
      table.close();
    }
  }
}

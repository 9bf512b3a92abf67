import { connect, type Table } from '@lancedb/lancedb';
import type { Schema } from 'apache-arrow';
import { arrow } from './arrow.ts';
import { editTable } from './edit-table.ts';

/** A row of the tables here: a key, and a value that changes. */
export interface Versioned {
  readonly id: number;
  readonly text: string;
}

const SCHEMA: Schema = new arrow.Schema([
  new arrow.Field('id', new arrow.Int32(), true),
  new arrow.Field('text', new arrow.Utf8(), true),
]);

/** A table whose rows keep their ids, and with them the versions in which they were written. */
export const STABLE_ROW_IDS = { new_table_enable_stable_row_ids: 'true' };

/** A pseudo-random sequence that is the same at each run (mulberry32). */
function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A LanceDB table that is changed at random, and what it must hold after that. */
export class VersionedTable {
  readonly rows = new Map<number, string>();
  /** Keys that were written since they were last asked for, and are still there. */
  readonly #written = new Set<number>();
  readonly #uri: string;
  readonly #name: string;
  readonly dice: (below: number) => number;
  #next = 0;
  #texts = 0;

  constructor(uri: string, name: string, seed: number) {
    this.#uri = uri;
    this.#name = name;
    this.dice = createDice(seed);
  }

  async create(count: number, storageOptions: Record<string, string> = STABLE_ROW_IDS): Promise<this> {
    const db = await connect(this.#uri);
    const rows = this.#newRows(count);
    (await db.createTable(this.#name, rows, { schema: SCHEMA, storageOptions, mode: 'overwrite' })).close();
    db.close();
    return this;
  }

  edit(work: (table: Table) => Promise<unknown>): Promise<void> {
    return editTable(this.#uri, this.#name, work);
  }

  insert(count: number): Promise<void> {
    return this.edit((table) => table.add(this.#newRows(count)));
  }

  /** Updates every key of a remainder. */
  async update(modulus: number, remainder: number): Promise<void> {
    const text = this.#text();
    await this.edit((table) => table.update({ where: `id % ${modulus} = ${remainder}`, values: { text } }));
    for (const id of this.rows.keys()) if (id % modulus === remainder) this.#write(id, text);
  }

  /** Merges rows of keys that are there, some of them as they are, and of new ones. */
  async merge(count: number): Promise<void> {
    const known = [...this.rows].filter(() => this.dice(3) === 0).slice(0, count);
    const rows = known.map(([id, text]) => ({ id, text: this.dice(4) === 0 ? text : this.#text() }));
    const all = [...rows, ...this.#newRows(3)];
    await this.edit((table) =>
      table.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(all),
    );
    for (const { id, text } of rows) this.#write(id, text);
  }

  async delete(modulus: number, remainder: number): Promise<void> {
    await this.edit((table) => table.delete(`id % ${modulus} = ${remainder}`));
    for (const id of this.rows.keys()) {
      if (id % modulus !== remainder) continue;
      this.rows.delete(id);
      this.#written.delete(id);
    }
  }

  compact(): Promise<void> {
    return this.edit((table) => table.optimize());
  }

  /** How many rows were written since this was last called, and are still there. */
  takeWritten(): number {
    const { size } = this.#written;
    this.#written.clear();
    return size;
  }

  /** What the table holds, in the order of the keys. */
  sorted(): Versioned[] {
    return [...this.rows].map(([id, text]) => ({ id, text })).toSorted((a, b) => a.id - b.id);
  }

  #newRows(count: number): { id: number; text: string }[] {
    return Array.from({ length: count }, () => {
      const [id, text] = [this.#next, this.#text()];
      this.#next += 1;
      this.#write(id, text);
      return { id, text };
    });
  }

  #write(id: number, text: string): void {
    this.rows.set(id, text);
    this.#written.add(id);
  }

  #text(): string {
    this.#texts += 1;
    return `text ${this.#texts}`;
  }
}

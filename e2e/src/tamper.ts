import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readSnapshot, withDuckDB } from '@lance-offload/delta';
import type { Staging } from '@lance-offload/core';

type Snapshot = NonNullable<Awaited<ReturnType<typeof readSnapshot>>>;
type File = Snapshot['files'][number];

/** A lake table that somebody meddles with behind the product's back. */
export class Tampering {
  readonly #table: ReturnType<Staging['table']>;
  readonly #folder: string;

  constructor(staging: Staging, table: string) {
    this.#table = staging.table(table);
    this.#folder = this.#table.locate('');
  }

  async files(): Promise<readonly File[]> {
    return (await readSnapshot(this.#table))?.files ?? [];
  }

  /** Another tool's commit: these files out of the table, and those in. */
  async commit(remove: readonly File[], add: readonly File[]): Promise<void> {
    const log = path.join(this.#folder, '_delta_log');
    const entries = (await readdir(log)).filter((name) => /^\d{20}\.json$/.test(name));
    const actions = [
      { commitInfo: { timestamp: Date.now(), operation: 'MANUAL UPDATE' } },
      ...remove.map(({ path: file, deletionVector }) => ({
        remove: { path: file, dataChange: true, deletionVector },
      })),
      ...add.map((file) => ({ add: file })),
    ];
    const text = actions.map((action) => `${JSON.stringify(action)}\n`).join('');
    await writeFile(path.join(log, `${String(entries.length).padStart(20, '0')}.json`), text);
  }

  /** Takes a file out of the table. */
  async removeFile(file: File): Promise<void> {
    await this.commit([file], []);
  }

  /** Forgets which rows of these files are deleted. */
  async removeVectors(files: readonly File[]): Promise<void> {
    const marked = files.filter(({ deletionVector }) => deletionVector);
    await this.commit(
      marked,
      marked.map((file) => ({ ...file, deletionVector: undefined })),
    );
  }

  /** Writes a data file again, from a SELECT over its rows, which are called `page`; their order stays. */
  async rewrite(file: File, select: string): Promise<void> {
    const place = path.join(this.#folder, file.path);
    await withDuckDB({}, async (connection) => {
      await connection.run(`CREATE TABLE page AS FROM '${place}'`);
      await connection.run(`COPY (${select}) TO '${place}' (FORMAT parquet)`);
    });
  }
}

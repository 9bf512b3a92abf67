import { randomUUID } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deletionVectorFile, encodeDeletionVectors } from '../src/rows/deletion-vector.ts';
import { protocolFor, type Action, type Add } from '../src/log/delta-actions.ts';
import { appendEntry } from '../src/log/delta-log.ts';
import { quoteText, withDuckDB } from '../src/duckdb/duckdb.ts';
import type { Store } from '../src/store/store.ts';
import { deltaField, type DeltaField, type DeltaStruct, type DeltaType } from '../src/types/lake-type.ts';

export function schemaOf(
  columns: Readonly<Record<string, DeltaType>>,
  metadata: Readonly<Record<string, DeltaField['metadata']>> = {},
): DeltaStruct {
  return {
    type: 'struct',
    fields: Object.entries(columns).map(([name, type]) => deltaField(name, type, metadata[name])),
  };
}

/** A Delta table written by hand: data files by DuckDB's COPY, log entries and deletion vectors by their own writers. */
export class HandMadeTable {
  readonly folder: string;
  readonly store: Store;
  #version = 0;

  constructor(table: Store) {
    this.store = table;
    this.folder = table.locate('');
  }

  /** Writes the rows of a SELECT as a data file. */
  async file(name: string, select: string, rowGroup = 2048): Promise<Add> {
    const file = path.join(this.folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await withDuckDB({}, (connection) =>
      connection.run(`COPY (${select}) TO ${quoteText(file)} (FORMAT parquet, ROW_GROUP_SIZE ${rowGroup})`),
    );
    const { size } = await stat(file);
    return {
      path: encodeURI(name),
      partitionValues: {},
      size,
      modificationTime: 1,
      dataChange: true,
      deletionVector: undefined,
    };
  }

  /** The files with rows of theirs deleted, by the vectors of one file. */
  async without(deleted: readonly (readonly [file: Add, rows: readonly number[]])[]): Promise<Add[]> {
    const uuid = randomUUID();
    const encoded = encodeDeletionVectors(
      deleted.map(([, rows]) => Uint32Array.from(rows)),
      uuid,
    );
    await mkdir(this.folder, { recursive: true });
    await writeFile(path.join(this.folder, deletionVectorFile(uuid)), encoded.file);
    return deleted.map(([file], index) => ({ ...file, deletionVector: encoded.descriptors[index] }));
  }

  /** Publishes the table's next version. */
  async commit(
    timestamp: number,
    {
      schema,
      add = [],
      remove = [],
    }: { schema?: DeltaStruct; add?: readonly Add[]; remove?: readonly Add[] },
  ): Promise<void> {
    const opening: Partial<Action>[] = schema
      ? [
          { protocol: protocolFor(schema, { deletionVectors: true }) },
          {
            metaData: {
              id: 'hand-made',
              format: { provider: 'parquet' },
              schemaString: JSON.stringify(schema),
              partitionColumns: [],
              configuration: {},
            },
          },
        ]
      : [];
    await appendEntry(this.store, this.#version, [
      { commitInfo: { timestamp, operation: 'WRITE' } },
      ...opening,
      ...remove.map((file) => ({ remove: { path: file.path, deletionVector: file.deletionVector } })),
      ...add.map((file) => ({ add: file })),
    ]);
    this.#version++;
  }
}

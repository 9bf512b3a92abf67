import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withDuckDB } from '@lance-offload/delta';
import type { Staging } from '@lance-offload/core';
import { transformPage } from '../../core/src/stage/transform-page.ts';
import { compareKeys, type KeyRules } from '../src/compare-keys.ts';
import { compareRows } from '../src/compare-rows.ts';
import { createSourceRows } from '../src/compared-rows.ts';
import { openLakeTable } from '../src/lake-table.ts';
import { createLakePlaces, createLakeRows } from '../src/read-lake.ts';
import { rehashFile } from '../src/rehash-file.ts';
import type { Findings } from '../src/verdict.ts';
import { bodyOf } from '../../lancedb/test/arrow-bodies.ts';
import { PEOPLE, type Person } from '../../core/test/merge/people.ts';
import { fieldsOf, pagesOf, type Row, type Types } from '../../core/test/merge/typed-table.ts';
import { inFolder } from '../../base/test/in-folder.ts';

/** What a source holds. The row ids are the places of its rows. */
export interface SourceTable {
  readonly types: Types;
  readonly rows: readonly Row[];
}

export function sourceOf(people: readonly Person[]): SourceTable {
  return { types: PEOPLE, rows: people.map((row) => ({ ...row })) };
}

const ROWS_SHOWN = 20;

/** Compares the lake table `documents` with a source, both read as `verifyTable` reads them. */
export function compareLake(
  staging: Staging,
  { types, rows }: SourceTable,
  rules: Partial<KeyRules> = {},
): Promise<Findings> {
  return inFolder((folder) =>
    withDuckDB({}, async (connection) => {
      const lake = await openLakeTable('documents', 'documents', staging);
      const { names, snapshot, selection, state } = lake;
      const [pages, hashes] = [path.join(folder, 'source'), path.join(folder, 'lake')];
      await mkdir(pages);
      await mkdir(hashes);
      const files = await createLakePlaces(connection, names, lake);
      for (const { id, path: file } of files) {
        const { parquet } = await rehashFile({ id, file, columns: selection.columns });
        await writeFile(path.join(hashes, `${id}.parquet`), parquet);
      }
      await createLakeRows(connection, files.length > 0 ? hashes : undefined);
      if (rows.length > 0) {
        const body = bodyOf([pagesOf(types, rows)(0, rows.length)]);
        const task = {
          columns: fieldsOf(types),
          runId: '',
          offloadedAtMs: 0,
          bodies: [body],
          hashesBits: true,
        };
        await writeFile(path.join(pages, '0.parquet'), transformPage(task).parquet);
      }
      await createSourceRows(connection, names, lake, { folder: pages, rows: rows.length });
      const shown = { names, snapshot, show: ROWS_SHOWN };
      if (lake.compares !== 'keys') return compareRows(connection, shown, lake.compares);
      const deletesKnown = state.deletesVersion === lake.sourceVersion;
      return compareKeys(connection, shown, {
        deletesKnown,
        incremental: state.cursorField !== undefined,
        ...rules,
      });
    }),
  );
}

/** The keys of each kind of finding that there is. */
export function kindsOf(findings: Findings): Record<string, unknown[]> {
  return Object.fromEntries(
    Object.entries(findings).flatMap(([kind, { count, shown }]) => {
      const keys = shown.map(({ key }) => Number(Object.values(key)[0]));
      return count === 0 ? [] : [[kind, shown.length > 0 ? keys : [count]]];
    }),
  );
}

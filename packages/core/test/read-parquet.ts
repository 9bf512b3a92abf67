import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LanceField } from '@lance-offload/lancedb';
import { quoteText, withDuckDB } from '@lance-offload/delta';
import { inFolder } from '../../base/test/in-folder.ts';
import { transformPage, type TransformedPage } from '../src/stage/transform-page.ts';

export const RUN_ID = 'types-20261122T101500Z-7f3a';

/** Answers of `SELECT … FROM page`, where `page` is a Parquet file as a reader finds it. */
export async function selectFromParquet(parquet: Uint8Array, select: string): Promise<unknown[][]> {
  return inFolder(async (folder) => {
    const file = path.join(folder, 'page.parquet');
    await writeFile(file, parquet);
    return withDuckDB({}, async (connection) => {
      await connection.run(`CREATE VIEW page AS SELECT * FROM read_parquet(${quoteText(file)})`);
      const result = await connection.runAndReadAll(select);
      return result.getRowsJson();
    });
  });
}

export function transform(bodies: readonly Uint8Array[], columns: readonly LanceField[]): TransformedPage {
  return transformPage({ bodies, columns, runId: RUN_ID, offloadedAtMs: Date.UTC(2026, 10, 22, 10, 15) });
}

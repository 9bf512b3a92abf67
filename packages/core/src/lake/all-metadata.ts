import { readLatestMetaData, type LatestMetaData } from '@lance-offload/delta';
import type { Staging } from '../stage/staging.ts';
import { readMarks } from './view-marks.ts';

/** What each table of a lake says of itself. One that has no log, or cannot be read, is left out. */
export async function readAllMetaData(staging: Staging): Promise<Map<string, LatestMetaData>> {
  const { versions } = await readMarks(staging);
  const found = new Map<string, LatestMetaData>();
  for (const table of await staging.listTables()) {
    const latest = await readLatestMetaData(staging.table(table), versions.get(table)).catch(() => undefined);
    if (latest) found.set(table, latest);
  }
  return found;
}

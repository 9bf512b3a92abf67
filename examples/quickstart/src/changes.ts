import { connect } from '@lancedb/lancedb';
import { writeTable } from './seed.ts';
import { TABLES } from './tables.ts';

/** The table that changes in the course of the quickstart: written anew at its start, so that each time begins alike. */
export const CHANGING = 'countries';

export async function resetChanging(uri: string): Promise<void> {
  const source = TABLES.find(({ name }) => name === CHANGING);
  if (!source) throw new Error(`the quickstart has no table ${CHANGING}`);
  const db = await connect(uri);
  await writeTable(db, source);
  db.close();
}

/** What happens to the table behind the lake's back, each a change of its own at the source. */
export const CHANGES = [
  {
    words: "Monaco wins land from the sea (2024): UPDATE countries SET area_km2 = 2.08 WHERE cca2 = 'MC'",
    where: "cca2 = 'MC'",
    set: { area_km2: '2.08' },
  },
  {
    words: "Nobody lives on Bouvet Island: DELETE FROM countries WHERE cca2 IN ('BV', 'HM')",
    where: "cca2 IN ('BV', 'HM')",
  },
] as const;

export async function changeSource(uri: string): Promise<void> {
  const db = await connect(uri);
  const table = await db.openTable(CHANGING);
  for (const change of CHANGES) {
    if ('set' in change) await table.update({ where: change.where, valuesSql: change.set });
    else await table.delete(change.where);
  }
  table.close();
  db.close();
}

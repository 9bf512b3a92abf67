import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CHANGES, CHANGING, changeSource, resetChanging } from './changes.ts';
import { offload, serve } from './commands.ts';
import { bigCitiesByRegion, countryHistory, glossesNear, type Question } from './questions.ts';
import { seedTables, type SeededTable } from './seed.ts';

type TableReport = { table: string; sourceRows: number; lakeRows: number; verified: boolean };

const folder = path.resolve('.quickstart');

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const configOf = (
  url: string,
): string => `connection: { api_key: \${LANCEDB_API_KEY}, project_name: quickstart, host: "${url}" }
lake: ./lake
tables:
  glosses:
  cities:
  mails:
  countries: { ingestion_type: SCD_TYPE_2, primary_keys: [cca2] }   # keeps every version of a row
`;

/** What the run reports against what was written into LanceDB at the start. */
async function prove(seeded: readonly SeededTable[]): Promise<void> {
  const { tables }: { tables: TableReport[] } = JSON.parse(
    await readFile(path.join(folder, 'report.json'), 'utf8'),
  );
  const reported = new Map(tables.map((table) => [table.table, table]));
  for (const { table, rows } of seeded) {
    const found = reported.get(table);
    if (found?.lakeRows !== rows || found.sourceRows !== rows || !found.verified) {
      throw new Error(
        `${table}: ${rows} rows were written into LanceDB, the report says ${JSON.stringify(found)}`,
      );
    }
  }
  const rows = seeded.reduce((sum, table) => sum + table.rows, 0);
  say(
    `Proved: ${rows.toLocaleString('en-US')} rows of ${seeded.length} tables, each in the lake once (${path.relative('.', folder)}/report.json)`,
  );
}

async function ask({ title, sql }: Question, shown: string): Promise<void> {
  say(`\n${title}\n\n  ${shown.replaceAll('\n', '\n  ')}\n`);
  await offload(folder, ['query', sql]);
}

/** The source changes, the lake follows, and keeps what was. */
async function followChanges(uri: string): Promise<void> {
  say(`\n3. "${CHANGING}" changes at the source, and is offloaded again`);
  for (const { words } of CHANGES) say(`   ${words}`);
  await changeSource(uri);
  await offload(folder, ['run', CHANGING, '--workers', '2']);
  await ask(countryHistory, countryHistory.sql);
  say(`\nWhat the runs did to the table, from its Delta log\n\n  lance-offload history ${CHANGING}\n`);
  await offload(folder, ['history', CHANGING]);
}

/** The quickstart: real records in LanceDB → a fleet of two workers → a Delta lake that follows changes → questions to it. */
async function main(): Promise<void> {
  const uri = path.join(folder, 'lancedb');
  say('1. LanceDB tables of real records (WordNet, cities, countries, mails)');
  const seeded = await seedTables(uri);
  await resetChanging(uri);
  for (const { table, rows } of seeded) say(`   ${table}: ${rows.toLocaleString('en-US')} rows`);

  await rm(path.join(folder, 'lake'), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const server = await serve(uri);
  await writeFile(path.join(folder, 'offload.yaml'), configOf(server.url));
  try {
    say(`\n2. lance-offload run --workers 2     (from ${server.url})`);
    await offload(folder, ['run', '--workers', '2', '--report', 'report.json']);
    await prove(seeded);
    await followChanges(uri);
  } finally {
    server.stop();
  }

  say('\n4. The lake answers without LanceDB');
  await ask(bigCitiesByRegion, bigCitiesByRegion.sql);
  const near = glossesNear('a stringed instrument played with a bow');
  await ask(near, near.sql.replace(/\[[-\d.,e]+\]/, '[…]'));
  say(
    `\nThe lake is ${path.relative('.', folder)}/lake: Delta tables for Spark, Databricks, ClickHouse, Polars; lake.duckdb for DuckDB.`,
  );
}

await main();

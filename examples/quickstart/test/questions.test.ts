import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { readCities } from '../src/data/cities.ts';
import { readCountries } from '../src/data/countries.ts';
import { readGlosses } from '../src/data/glosses.ts';
import { embed } from '../src/embedding.ts';
import { bigCitiesByRegion, glossesNear } from '../src/questions.ts';

/** Answers a question over tables that hold the columns it asks for. */
async function ask(sql: string, tables: readonly string[]) {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  for (const table of tables) await connection.run(table);
  return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

test('the regions are ranked by the people in their big cities', async () => {
  const cities = [...readCities()].filter((city) => (city.population ?? 0n) > 900_000n);
  const rows = await ask(bigCitiesByRegion.sql, [
    `CREATE TABLE countries_current AS FROM (VALUES ${[...readCountries()].map(({ cca2, region }) => `('${cca2}', '${region}')`).join()}) t(cca2, region)`,
    `CREATE TABLE cities AS FROM (VALUES ${cities.map(({ country, population }) => `('${country}', ${population}::BIGINT)`).join()}) t(country, population)`,
  ]);
  expect(rows.map((row) => row['region'])).toEqual(['Asia', 'Americas', 'Africa', 'Europe', 'Oceania']);
  expect(rows[4]).toEqual({ region: 'Oceania', cities: '5', inhabitants: '14185381' });
});

test('the glosses near to a text are about what it says', async () => {
  const synsets = [...readGlosses()].filter(({ lexical_file }) => lexical_file === 'noun.animal');
  const values = synsets
    .filter((_, index) => index % 50 === 0 || synsets[index]?.words.includes('hunting dog'))
    .map(({ synset_id, words, gloss }) => {
      const quoted = [synset_id, gloss].map((text) => `'${text.replaceAll("'", "''")}'`).join();
      const names = words.map((word) => `'${word.replaceAll("'", "''")}'`).join();
      return `(${quoted}, [${names}], [${embed(`${words.join(' ')} ${gloss}`).join()}]::FLOAT[384])`;
    });
  const rows = await ask(glossesNear('a dog for the hunt').sql, [
    `CREATE TABLE glosses AS FROM (VALUES ${values.join()}) t(synset_id, gloss, words, vector)`,
  ]);
  expect(rows).toHaveLength(5);
  expect(rows[0]).toMatchObject({ words: 'hunting dog', gloss: 'a dog used in hunting game' });
});

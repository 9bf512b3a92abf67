import { DIMENSIONS, embed } from './embedding.ts';

/** A question to the lake, in DuckDB's SQL over its views. */
export type Question = { title: string; sql: string };

/** Joins two tables. */
export const bigCitiesByRegion: Question = {
  title: 'Where do people live in cities of more than a million?',
  sql: `SELECT countries.region, count(*) AS cities, sum(cities.population)::BIGINT AS inhabitants
FROM cities JOIN countries_current AS countries ON countries.cca2 = cities.country
WHERE cities.population > 1000000
GROUP BY countries.region
ORDER BY inhabitants DESC
LIMIT 5`,
};

/** Follows two keys through the versions of a table kept as SCD_TYPE_2. */
export const countryHistory: Question = {
  title: 'What was known of Monaco and of Bouvet Island, and from which version of the source to which?',
  sql: `SELECT cca2, name.common AS name, area_km2, __START_AT, __END_AT
FROM countries
WHERE cca2 IN ('MC', 'BV')
ORDER BY cca2, __START_AT`,
};

/** Ranks the glosses by the cosine of their vectors to the text's; the text's own vector is a literal in the SQL. */
export function glossesNear(text: string): Question {
  return {
    title: `Which words of WordNet are near to "${text}"?`,
    sql: `SELECT synset_id, array_to_string(words, ', ') AS words, gloss,
  round(array_cosine_similarity(vector, [${embed(text).join(',')}]::FLOAT[${DIMENSIONS}])::DOUBLE, 3) AS similarity
FROM glosses
ORDER BY similarity DESC, synset_id
LIMIT 5`,
  };
}

import { expect, test } from 'vitest';
import { mayAskFor } from '../../src/run/named-tables.ts';

const TABLES = ['docs', 'docs_2', 'my "odd" one', 'Größe', 'a.b', 'people', 'people_current'];

const askedFor = (sql: string): string[] => TABLES.filter(mayAskFor(sql, TABLES));

for (const [sql, tables] of [
  ['SELECT count(*) FROM docs', ['docs']],
  ['select * from DOCS_2 where docs_21 = 1', ['docs_2']],
  ['FROM "my ""odd"" one" JOIN größe USING (id)', ['my "odd" one', 'Größe']],
  ['FROM main."a.b"', ['a.b']],
  ['SELECT * FROM people_current', ['people', 'people_current']],
  ["SELECT 'docs' FROM people", ['docs', 'people']],
] as const)
  test(`${sql} may ask for ${tables.join(', ')}, and for nothing else`, () => {
    expect(askedFor(sql)).toEqual(tables);
  });

for (const sql of [
  'SELECT 1',
  'FROM doc',
  'SHOW TABLES',
  'DESCRIBE',
  'FROM docs, information_schema.tables',
  'SELECT view_name FROM duckdb_views(), docs',
  "FROM query_table('do' || 'cs'), people",
])
  test(`${sql} may ask for any table`, () => {
    expect(askedFor(sql)).toEqual(TABLES);
  });

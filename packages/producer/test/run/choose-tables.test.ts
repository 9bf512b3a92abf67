import { OffloadError } from '@lance-offload/base';
import { expect, test } from 'vitest';
import { chooseTables, type Choice } from '../../src/run/choose-tables.ts';

const URL = 'http://127.0.0.1:8181';
const TABLES = [
  'docs_2025',
  'docs_2026',
  'docs_tmp',
  'people',
  'team$docs',
  'team$people',
  'Docs_x',
  '.hidden',
  'a/b',
];

const choose = (wanted: readonly string[], choice: Partial<Choice> = {}, tables = TABLES): string[] =>
  chooseTables(
    wanted,
    { tables: undefined, include: undefined, exclude: undefined, ...choice },
    { url: URL, tables },
  );

function refusal(...args: Parameters<typeof choose>): { code: string; message: string } {
  try {
    choose(...args);
  } catch (error) {
    if (error instanceof OffloadError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

const listed = (...names: string[]) => new Map(names.map((name) => [name, {}]));

test('without a word about tables, every table of the project is chosen', () => {
  expect(choose([])).toEqual(TABLES);
});

test('exclude takes tables away where none are listed', () => {
  expect(choose([], { exclude: ['docs_*', '*$*', 'a/b'] })).toEqual(['people', 'Docs_x', '.hidden']);
});

test('listed tables are chosen whatever exclude says, and include brings in its matches beside them, each once', () => {
  const choice = {
    tables: listed('docs_tmp', 'people'),
    include: ['docs_*', 'p*'],
    exclude: ['*_tmp', 'people'],
  };
  expect(choose([], choice)).toEqual(['docs_tmp', 'people', 'docs_2025', 'docs_2026']);
});

test('include alone chooses its matches and no other table', () => {
  expect(choose([], { include: ['team$*', 'people'] })).toEqual(['team$docs', 'team$people', 'people']);
});

test('a pattern on the command line chooses among all tables of the project, but for the excluded', () => {
  expect(choose(['docs_*'], { tables: listed('people'), exclude: ['*_tmp'] })).toEqual([
    'docs_2025',
    'docs_2026',
  ]);
});

test('a name on the command line counts even where it is excluded', () => {
  expect(choose(['docs_tmp'], { exclude: ['*_tmp'] })).toEqual(['docs_tmp']);
});

test.for([
  ['*', TABLES],
  ['docs_202?', ['docs_2025', 'docs_2026']],
  ['docs_202[6-9]', ['docs_2026']],
  ['{people,team$people}', ['people', 'team$people']],
  ['*people', ['people', 'team$people']],
  ['[!dpt]*', ['Docs_x', '.hidden', 'a/b']],
  ['a?b', ['a/b']],
] as const)(
  'the pattern %s stands for whole identifiers, in which $, . and / are letters like others',
  ([pattern, tables]) => {
    expect(choose([pattern])).toEqual(tables);
  },
);

test('a table whose name is a pattern is chosen by that name alone', () => {
  const tables = ['docs_*', 'docs_a', 'x[1]', 'x1'];
  expect(choose(['docs_*', 'x[1]'], {}, tables)).toEqual(['docs_*', 'x[1]']);
  expect(choose(['docs_?'], {}, tables)).toEqual(['docs_*', 'docs_a']);
  expect(choose([], { exclude: ['docs_*'] }, tables)).toEqual(['docs_a', 'x[1]', 'x1']);
});

test('a pattern that matches nothing is refused, on the command line and in include, and says what there is', () => {
  const expected = {
    code: 'SOURCE_NOT_FOUND',
    message: `[SOURCE_NOT_FOUND] No table of ${URL} matches "logs_*" (it has 9, such as "docs_2025", "docs_2026", "docs_tmp")`,
  };
  expect(refusal(['people', 'logs_*'])).toEqual(expected);
  expect(refusal([], { include: ['docs_*', 'logs_*'] })).toEqual(expected);
});

test('a pattern whose matches are all excluded is refused on the command line, and brings in nothing in include', () => {
  expect(refusal(['*_tmp'], { exclude: ['*_tmp'] })).toMatchObject({ code: 'CONFIG_INVALID' });
  expect(choose([], { include: ['*_tmp', 'people'], exclude: ['*_tmp'] })).toEqual(['people']);
});

test('a name the project does not have is refused, with the nearest one it has', () => {
  expect(refusal(['peopel', 'docs_*']).message).toContain('has no table "peopel" (did you mean "people"?)');
  expect(refusal(['nosuch', 'docs_*']).message).toMatch(/has no table "nosuch"$/);
  expect(refusal([], { tables: listed('docs_20266') }).message).toContain('did you mean "docs_2026"?');
});

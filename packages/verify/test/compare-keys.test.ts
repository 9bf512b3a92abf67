import { expect } from 'vitest';
import { keysIn } from '../src/compared-rows.ts';
import { test } from '../../core/test/lake-fixture.ts';
import { offload, type Person } from '../../core/test/merge/people.ts';
import { compareLake, kindsOf, sourceOf } from './compared-lake.ts';

const person = (id: number, seq: number | null, name: string | null = `name ${id}`): Person => ({
  id,
  seq,
  name,
});
const PEOPLE = [1, 2, 3, 4, 5, 6, 7].map((id) => person(id, 10));
const SNAPSHOT = { deletes: 'snapshot' } as const;
const MODES = ['SCD_TYPE_1', 'SCD_TYPE_2'] as const;

for (const ingestionType of MODES) {
  test(`${ingestionType}: a lake that holds its source has nothing to say, whatever the order of the rows`, async ({
    staging,
  }) => {
    await offload(staging, PEOPLE, { ingestionType, ...SNAPSHOT });
    const later = [...PEOPLE.slice(1, 6), person(2, 11, 'new'), person(8, 1, null)];
    await offload(staging, later, { ingestionType, ...SNAPSHOT }, { reverse: true });
    expect(kindsOf(await compareLake(staging, sourceOf(later.toReversed())))).toEqual({});
  });

  test(`${ingestionType}: keys that only one side has, or that have other values, are told apart`, async ({
    staging,
  }) => {
    await offload(staging, PEOPLE, { ingestionType, ...SNAPSHOT });
    const source = [person(1, 10, 'other'), ...PEOPLE.slice(1, 5), person(6, 11), person(8, 1), person(8, 1)];
    const findings = await compareLake(staging, sourceOf(source));
    expect(kindsOf(findings)).toEqual({ missing: [8], extra: [7], different: [1, 6] });
    expect(findings.different.shown[1]).toMatchObject({
      key: { id: '6' },
      sourceSequence: '11',
      lakeSequence: '10',
      row: 2,
    });
    expect(findings.different.shown[1]?.file).toMatch(/^data\/.*\/page-000001\.\w+\.parquet$/);
  });

  test(`${ingestionType}: keys that are gone are extra where deletes were looked for at that version, and explained where not`, async ({
    staging,
  }) => {
    await offload(staging, PEOPLE, { ingestionType, ...SNAPSHOT });
    await offload(staging, [person(9, 20)], { ingestionType, deletes: 'none' });
    const source = sourceOf([...PEOPLE.slice(2), person(9, 20)]);
    expect(kindsOf(await compareLake(staging, source))).toEqual({ gone: [1, 2] });
    expect(kindsOf(await compareLake(staging, source, { deletesKnown: true }))).toEqual({ extra: [1, 2] });
  });

  test(`${ingestionType}: a row that is newer in the lake than at the source is explained, not equal`, async ({
    staging,
  }) => {
    await offload(staging, PEOPLE, { ingestionType });
    const source = [person(1, 9, 'older'), person(2, null, 'without a sequence'), ...PEOPLE.slice(2)];
    expect(await offload(staging, source, { ingestionType })).toMatchObject({ rows: { late: 2 } });
    expect(kindsOf(await compareLake(staging, sourceOf(source)))).toEqual({ newer: [1, 2] });
  });

  test(`${ingestionType}: of a key's rows the greatest sequence counts, then the greatest hash, as in a run`, async ({
    staging,
  }) => {
    const source = [
      ...PEOPLE,
      person(1, 12, 'a'),
      person(1, 12, 'b'),
      person(1, 12, 'c'),
      person(2, null, 'z'),
    ];
    await offload(staging, source, { ingestionType });
    expect(kindsOf(await compareLake(staging, sourceOf(source.toReversed())))).toEqual({});
    const found = await compareLake(
      staging,
      sourceOf([...source, person(1, 13, 'd'), person(2, 9, 'older')]),
    );
    expect(kindsOf(found)).toEqual({ different: [1] });
  });

  test(`${ingestionType}: with the source's version as the sequence every row counts, and hashes decide`, async ({
    staging,
  }) => {
    const source = [...PEOPLE, person(1, 12, 'a'), person(1, 1, 'b')];
    await offload(staging, source, { ingestionType, sequenceBy: null, ...SNAPSHOT });
    const next = [...source.slice(1), person(1, 5, 'd')];
    await offload(staging, next, { ingestionType, sequenceBy: null, ...SNAPSHOT });
    expect(kindsOf(await compareLake(staging, sourceOf(next)))).toEqual({});
    expect(kindsOf(await compareLake(staging, sourceOf(next.slice(1))))).toEqual({ extra: [2] });
  });
}

test('keys that exist at the source, but not in the selection, are explained', async ({ staging }) => {
  await offload(staging, PEOPLE, SNAPSHOT);
  let asked = 0;
  const rules = {
    deletesKnown: true,
    allKeys: async () => {
      asked += 1;
      return '(SELECT range AS k0 FROM range(1, 3))';
    },
  };
  expect(kindsOf(await compareLake(staging, sourceOf(PEOPLE.slice(3)), rules))).toEqual({
    extra: [3],
    unselected: [1, 2],
  });
  expect(kindsOf(await compareLake(staging, sourceOf(PEOPLE), rules))).toEqual({});
  expect(asked).toBe(1);
  expect(keysIn({ folder: '/nowhere', rows: 0 }, { primaryKeys: ['a', 'b'] })).toBe(
    '(SELECT k0, k1 FROM source_rows WHERE false)',
  );
});

test('an incremental run may have kept another of the rows that share a key and a sequence; a run over everything may not', async ({
  staging,
}) => {
  await offload(staging, PEOPLE);
  const source = sourceOf([...PEOPLE, ...['a', 'b', 'c'].map((name) => person(1, 10, name))]);
  expect(kindsOf(await compareLake(staging, source, { incremental: true }))).toEqual({ tied: [1] });
  expect(kindsOf(await compareLake(staging, source))).toEqual({ different: [1] });
});

test('an empty source and an empty lake agree, and one of them empty has every key on one side', async ({
  staging,
}) => {
  await offload(staging, [], SNAPSHOT);
  expect(kindsOf(await compareLake(staging, sourceOf([])))).toEqual({});
  expect(kindsOf(await compareLake(staging, sourceOf(PEOPLE.slice(0, 2))))).toEqual({ missing: [1, 2] });
  await offload(staging, PEOPLE.slice(0, 2), SNAPSHOT);
  expect(kindsOf(await compareLake(staging, sourceOf([])))).toEqual({ extra: [1, 2] });
});

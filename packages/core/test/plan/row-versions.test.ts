import { expect } from 'vitest';
import type { TableState } from '../../src/lake/table-state.ts';
import { proveRowVersions } from '../../src/plan/row-versions.ts';
import { queryFilterOf, selectionOf } from '../../src/plan/run-plan.ts';
import { windowOf, type Continued } from '../../src/plan/window.ts';
import { expectCode, expectRejection } from '../../../base/test/expect-code.ts';
import { json, test, type Answer } from '../../../lancedb/test/http-server.ts';

const BY_VERSION = '_row_last_updated_at_version > 1';
const PLAIN = '_rowaddr >= 4294967296 AND _rowid = _rowaddr';
const MOVED = '_rowid != _rowaddr';

/** A table whose rows match these predicates in these numbers; a text is a refusal's. */
function counting(counts: Readonly<Record<string, number | string>>): Answer {
  return (response, request) => {
    const { predicate = '' } = request.body as { predicate?: string };
    const count = counts[predicate] ?? 0;
    const answer = typeof count === 'string' ? json(400, { error: count }) : json(200, count);
    return answer(response, request);
  };
}

const PROOFS: readonly [counts: Readonly<Record<string, number | string>>, rowVersions: string][] = [
  [{ [BY_VERSION]: 3 }, 'kept'],
  [{ [MOVED]: 3 }, 'kept'],
  [{}, 'unproven'],
  [{ [PLAIN]: 'No field named _rowaddr' }, 'unproven'],
] as const;

for (const [counts, rowVersions] of PROOFS) {
  test(`a table with ${JSON.stringify(counts)} rows has row versions that are ${rowVersions}`, async ({
    serve,
  }) => {
    const { client, seen } = await serve([counting(counts)]);
    expect(await proveRowVersions('people', 7, client)).toBe(rowVersions);
    const counted = seen.flatMap(({ url, body }) => (url.includes('count_rows') ? body : []));
    for (const body of counted) expect(body).toMatchObject({ version: 7 });
  });
}

test('a table whose row ids are addresses is refused, and so is a server that knows no row versions, with its words', async ({
  serve,
}) => {
  const plain = await serve([counting({ [PLAIN]: 1 })]);
  await expectRejection(
    proveRowVersions('people', 7, plain.client),
    'CONFIG_INVALID',
    /does not keep the version of its rows, .*set cursor_field/,
  );
  const old = await serve([counting({ [BY_VERSION]: 'No field named _row_last_updated_at_version' })]);
  await expectRejection(
    proveRowVersions('people', 7, old.client),
    'CONFIG_INVALID',
    /answered 400: No field named _row_last/,
  );
});

const selected = { source: 'http://s', table: 'people', columns: [], offset: 0, withRowId: false };

function runOf(changes: Partial<Continued> = {}): Continued {
  return {
    table: 'people',
    sourceVersion: 9,
    ingestion: {
      ingestionType: 'SCD_TYPE_1',
      primaryKeys: ['id'],
      sequenceBy: null,
      sequenceRequired: false,
      changeTracking: 'row_version',
    },
    options: {},
    selection: selectionOf(selected),
    full: false,
    sweepDeletes: false,
    tableExists: true,
    rowVersions: 'kept',
    judgement: { is: 'the same', why: 'it is' },
    ...changes,
  };
}

const STATE: TableState = {
  sourceVersion: 5,
  ingestionType: 'SCD_TYPE_1',
  primaryKeys: ['id'],
  sequenceBy: null,
  cursorField: undefined,
  cursor: undefined,
  changeTracking: 'row_version',
  runId: undefined,
  identity: undefined,
  incarnation: 0,
  versionOffset: 0,
  deletesVersion: 5,
  unordered: false,
  selection: selectionOf(selected),
};

const appending: Partial<Continued> = {
  ingestion: { ...runOf().ingestion, ingestionType: 'APPEND_ONLY', primaryKeys: [] },
};

test('a run goes on after the version the lake holds, also where complete runs without change_tracking brought it', () => {
  expect(windowOf(runOf(), STATE)).toEqual({ changedSince: 5, notes: [] });
  expect(windowOf(runOf(), { ...STATE, changeTracking: undefined })).toEqual({ changedSince: 5, notes: [] });
  expect(windowOf(runOf(appending), STATE)).toEqual({ changedSince: 5, notes: [] });
  expect(windowOf(runOf(), undefined)).toEqual({ notes: [] });
});

const REASONS = [
  ['a cursor may have missed rows', {}, { cursorField: 'at' }, /filled by the cursor "at"/],
  [
    'another filter',
    { selection: selectionOf({ ...selected, filter: 'id > 1' }) },
    {},
    /filter or source have changed/,
  ],
  ['row versions are not proved', { rowVersions: 'unproven' }, {}, /nothing tells yet/],
] as const;

for (const [reason, changes, state, why] of REASONS) {
  test(`where ${reason}, SCD reads everything and APPEND_ONLY refuses until told --full`, () => {
    const before = { ...STATE, ...state };
    expect(windowOf(runOf(changes), before)).toEqual({ notes: [expect.stringMatching(why)] });
    expectCode(() => windowOf(runOf({ ...changes, ...appending }), before), 'CONFIG_INVALID', why);
    expect(windowOf(runOf({ ...changes, ...appending, full: true }), before)).toEqual({
      notes: ['--full: this run reads everything, and appends every row beside those the lake has'],
    });
  });
}

test('APPEND_ONLY does not go back to an older version by row versions', () => {
  expectCode(
    () => windowOf(runOf({ ...appending, sourceVersion: 4 }), STATE),
    'CONFIG_INVALID',
    /version 4 is older than version 5/,
  );
});

test('the window is joined with the filter, whatever the filter ends in', () => {
  const plan = { columns: [], changedSince: 5 };
  expect(queryFilterOf(plan)).toBe('_row_last_updated_at_version > 5');
  expect(queryFilterOf({ ...plan, filter: 'id > 1 OR id = 0 -- why' })).toBe(
    '(id > 1 OR id = 0 -- why\n) AND _row_last_updated_at_version > 5',
  );
});

import { expect, vi } from 'vitest';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { test } from '../lake-fixture.ts';
import { outcomes } from './people.ts';
import { lakeQuery, offloadTable, type Row, type Types, type Value } from './typed-table.ts';

vi.setConfig({ testTimeout: 60_000 });

const MODES = ['SCD_TYPE_1', 'SCD_TYPE_2'] as const;
type Mode = (typeof MODES)[number];

const open = (mode: Mode) => (mode === 'SCD_TYPE_2' ? 'documents_current' : 'documents');

const DAY = 86_400_000_000n;

const row = (id: Value, seq: number): Row => ({ id, seq, name: `${seq}` });
const key = (a: string, b: string, n: bigint, seq = 1): Row => ({ a, b, n, seq });
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Four keys each, near one another or odd, and the first as DuckDB writes it. */
const KEYS: readonly (readonly [type: string, values: readonly Value[], text: string])[] = [
  ['string', ["it's", '', 'a"b`c', '日本 🙂'], "it's"],
  ['string', [' ', 'A', 'a', 'a '], ' '],
  ['string', ['NULL', 'null', '\u0000', 'e\u0301'], 'NULL'],
  ['uint64', [2n ** 64n - 1n, 2n ** 64n - 2n, 2n ** 63n, 0n], '18446744073709551615'],
  ['int64', [2n ** 53n + 1n, 2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n], '9007199254740993'],
  ['int8', [-128, 127, 0, -1], '-128'],
  ['decimal:128:38:2', [10n ** 37n + 1n, 10n ** 37n, -1n, 0n], `1${'0'.repeat(34)}0.01`],
  ['date32:day', [-1, 0, 20_000, 2_932_896], '1969-12-31'],
  ['timestamp:us:UTC', [1n, 0n, -1n, DAY], '1970-01-01 00:00:00.000001+00'],
  ['timestamp:ns:-', [1000n, 0n, -1000n, 2000n], '1970-01-01 00:00:00.000001'],
];

for (const mode of MODES) {
  const rules: Partial<RunPlan> = { ingestionType: mode, primaryKeys: ['id'], sequenceBy: 'seq' };

  for (const [type, values, text] of KEYS)
    test(`keys of type ${type}, such as ${text}, are matched as they are, under ${mode}`, async ({
      staging,
    }) => {
      const types: Types = { id: type, seq: 'int32', name: 'string' };
      const [first = null, second = null, third = null, fourth = null] = values;
      await offloadTable(staging, { types, rows: [first, second, third].map((id) => row(id, 1)) }, rules);
      const rows = [row(first, 2), row(second, 1), row(fourth, 1)];
      const report = await offloadTable(staging, { types, rows }, { ...rules, deletes: 'snapshot' });
      expect(report).toMatchObject({
        verified: true,
        lakeRows: 3,
        rows: outcomes({ inserted: 1, updated: 1, unchanged: 1, deleted: 1 }),
      });
      const found = await lakeQuery(
        staging,
        `SET TimeZone = 'UTC'; SELECT id::VARCHAR FROM ${open(mode)} WHERE seq = 2`,
      );
      expect(found).toEqual([[text]]);
      const gone = await offloadTable(
        staging,
        { types, rows: [row(first, 2)] },
        { ...rules, deletes: 'sweep' },
      );
      expect(gone).toMatchObject({
        verified: true,
        lakeRows: 1,
        rows: outcomes({ unchanged: 1, deleted: 2 }),
      });
    });

  test(`true and false can be keys, under ${mode}`, async ({ staging }) => {
    const types: Types = { id: 'bool', seq: 'int32' };
    await offloadTable(
      staging,
      {
        types,
        rows: [
          { id: true, seq: 1 },
          { id: false, seq: 1 },
        ],
      },
      rules,
    );
    const report = await offloadTable(
      staging,
      { types, rows: [{ id: false, seq: 2 }] },
      { ...rules, deletes: 'snapshot' },
    );
    expect(report).toMatchObject({ verified: true, lakeRows: 1, rows: outcomes({ updated: 1, deleted: 1 }) });
    expect(await lakeQuery(staging, `SELECT id, seq FROM ${open(mode)}`)).toEqual([[false, 2]]);
  });

  test(`a key of several columns is all of them, whatever their joint text, under ${mode}`, async ({
    staging,
  }) => {
    const types: Types = { a: 'string', b: 'string', n: 'int64', seq: 'int32' };
    const composite: Partial<RunPlan> = { ...rules, primaryKeys: ['n', 'a', 'b'] };
    const rows = [
      key('x', 'yz', 1n),
      key('xy', 'z', 1n),
      key('x', 'yz', 2n),
      key('', '', 1n),
      key('x, y', 'z', 1n),
    ];
    await offloadTable(staging, { types, rows }, composite);
    const next = [key('x', 'yz', 1n, 2), key('xy', 'z', 1n), key('xyz', '', 1n), key('', '', 1n)];
    const report = await offloadTable(staging, { types, rows: next }, { ...composite, deletes: 'snapshot' });
    expect(report).toMatchObject({
      verified: true,
      lakeRows: 4,
      rows: outcomes({ inserted: 1, updated: 1, unchanged: 2, deleted: 2 }),
    });
    const swept = await offloadTable(
      staging,
      { types, rows: [] },
      { ...composite, deletes: 'sweep' },
      { swept: [key('xy', 'z', 1n), key('xyz', '', 2n)] },
    );
    expect(swept).toMatchObject({ verified: true, lakeRows: 1, rows: outcomes({ deleted: 3 }) });
    expect(await lakeQuery(staging, `SELECT a, b FROM ${open(mode)}`)).toEqual([['xy', 'z']]);
  });
}

/** Names that DuckDB, the merge itself or a shell might take for something else. */
const ODD = [
  'filename',
  'file_row_number',
  'file',
  'row',
  'seq',
  'hash',
  'k0',
  'k1',
  'start_at',
  'end_at',
  'file_start',
  'rank',
  'newest',
  'select',
  'f',
  'r',
  'c0',
  'id',
  'path',
  'part',
  'kind',
  'moment',
  '_change_type',
  'it\'s "x"',
  'a.b',
  '`b`',
  'a b',
  '日本',
  '*',
  '?[',
  'SEQ2',
  'deleted',
];

const PAIRS = [
  ['seq', 'file'],
  ['filename', 'row'],
  ['file_row_number', 'hash'],
  ['k0', 'start_at'],
  ['select', 'it\'s "x"'],
  ['a.b', 'k0'],
  ['r', 'f'],
  ['c0', 'file_row_number'],
  ['start_at', 'k1'],
  ['file', 'rank'],
] as const;

for (const mode of MODES) {
  for (const [id, sequence] of PAIRS)
    test(`the key "${id}" and the sequence "${sequence}" are columns like any other, under ${mode}`, async ({
      staging,
    }) => {
      const types: Types = Object.fromEntries(ODD.map((name) => [name, 'int64']));
      const odd = (of: number, at: number, content: number): Row => ({
        ...Object.fromEntries(ODD.map((name, index) => [name, content * 1000 + index])),
        [id]: of,
        [sequence]: at,
      });
      const rules: Partial<RunPlan> = {
        ingestionType: mode,
        primaryKeys: [id],
        sequenceBy: sequence,
        cursorField: sequence,
      };
      await offloadTable(staging, { types, rows: [odd(1, 10, 1), odd(2, 10, 1), odd(3, 10, 1)] }, rules);
      const rows = [odd(1, 20, 2), odd(1, 15, 3), odd(2, 5, 4), odd(2, 10, 1), odd(4, 20, 5)];
      const report = await offloadTable(staging, { types, rows }, { ...rules, deletes: 'snapshot' });
      const counts = { inserted: 1, deleted: 1 };
      expect(report).toMatchObject({
        verified: true,
        lakeRows: 3,
        cursor: '20',
        rows: outcomes(
          mode === 'SCD_TYPE_1'
            ? { ...counts, updated: 1, unchanged: 1, superseded: 2 }
            : { ...counts, updated: 2, unchanged: 1, late: 1 },
        ),
      });
      const shown = [id, sequence, '日本'].map(quoted).join(', ');
      const bounds = mode === 'SCD_TYPE_1' ? '' : ', __START_AT, __END_AT';
      const index = ODD.indexOf('日本');
      const versions = [
        [1, 10, 1000 + index, 10, 15],
        [1, 15, 3000 + index, 15, 20],
        [1, 20, 2000 + index, 20, null],
        [2, 5, 4000 + index, 5, 10],
        [2, 10, 1000 + index, 10, null],
        [3, 10, 1000 + index, 10, 20],
        [4, 20, 5000 + index, 20, null],
      ];
      const expected =
        mode === 'SCD_TYPE_2'
          ? versions
          : versions.filter(([, , , , end]) => end === null).map((version) => version.slice(0, 3));
      expect(await lakeQuery(staging, `SELECT ${shown}${bounds} FROM documents ORDER BY ALL`)).toEqual(
        expected,
      );
    });
}

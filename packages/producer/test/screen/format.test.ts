import { expect, test } from 'vitest';
import { formatTable } from '../../src/screen/format.ts';

test('a table of many rows is drawn to its last row, in columns of one width', () => {
  const rows = Array.from({ length: 1200 }, (_, row) => [`${row * 10}`, row === 700 ? 'the longest' : 'x']);
  const lines = formatTable(['id', 'name'], rows).split('\n');
  expect(lines).toHaveLength(1203);
  expect([0, 1, 2, 702, 1201, 1202].map((line) => lines[line])).toEqual([
    '┌───────┬─────────────┐',
    '│    id │ name        │',
    '│     0 │ x           │',
    '│  7000 │ the longest │',
    '│ 11990 │ x           │',
    '└───────┴─────────────┘',
  ]);
});

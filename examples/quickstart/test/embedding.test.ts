import { expect, test } from 'vitest';
import { DIMENSIONS, embed } from '../src/embedding.ts';

function cosine(left: string, right: string): number {
  const other = embed(right);
  return embed(left).reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}

test('a text has the same embedding each time, of length 1', () => {
  const embedding = embed('a member of the genus Canis');
  expect(embedding).toEqual(embed('a member of the genus Canis'));
  expect(embedding).toHaveLength(DIMENSIONS);
  expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
});

test('the values are pinned, so that a lake filled earlier answers a query embedded today', () => {
  const values = Array.from(embed('cat'), (value, index) => `${index}: ${value.toFixed(4)}`);
  expect(values.filter((value) => !value.endsWith(': 0.0000'))).toEqual([
    '16: 0.7071',
    '141: -0.3162',
    '184: 0.3162',
    '206: -0.3162',
    '273: -0.3162',
    '284: -0.3162',
  ]);
});

test('a text that shares words is nearer than one that shares only common ones', () => {
  const query = 'a large wild cat';
  expect(cosine(query, 'wild cats that are large and can roar')).toBeGreaterThan(
    cosine(query, 'a small house'),
  );
  expect(Math.abs(cosine('the cat of a neighbour', 'the price of a share'))).toBeLessThan(0.25);
});

test('inflections of a word are near to each other', () => {
  expect(cosine('hunting', 'hunter')).toBeGreaterThan(0.15);
  expect(Math.abs(cosine('hunting', 'violin'))).toBeLessThan(0.1);
});

test('a text without a word gives zeros, and one of common words alone does not', () => {
  expect(embed(' … ').every((value) => value === 0)).toBe(true);
  expect(Math.hypot(...embed('to be'))).toBeCloseTo(1, 5);
});

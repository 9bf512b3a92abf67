import { parsePasswordHash } from '@lance-offload/base';
import { expect, test } from 'vitest';
import { hashPassword, isPassword, TooManyLoginsError, unmatchableHash } from '../../src/access/passwords.ts';

const PASSWORD = 'correct horse battery staple';
const CHEAP = 14;

test('a hash fits its password and no other, and no two hashes are the same', async () => {
  const hash = await hashPassword(PASSWORD, CHEAP);
  expect(hash).toMatch(/^scrypt:14:8:1:[\w-]{22}:[\w-]{43}$/);
  expect(await isPassword(PASSWORD, hash)).toBe(true);
  for (const other of ['', ` ${PASSWORD}`, PASSWORD.toUpperCase()]) {
    expect(await isPassword(other, hash)).toBe(false);
  }
  expect(await hashPassword(PASSWORD, CHEAP)).not.toBe(hash);
});

test('a password with accents fits however they were typed', async () => {
  expect(await isPassword('cafe\u0301 au lait!', await hashPassword('caf\u00E9 au lait!', CHEAP))).toBe(true);
});

test('hashes are made with OWASP’s parameters', async () => {
  expect(await hashPassword(PASSWORD)).toMatch(/^scrypt:17:8:1:/);
});

test('the hash unknown users are compared with costs the same, and fits nothing', async () => {
  const hash = await hashPassword(PASSWORD, CHEAP);
  const decoy = unmatchableHash(hash);
  const { cost, blockSize, parallelism } = parsePasswordHash(hash) ?? {};
  expect(parsePasswordHash(decoy)).toMatchObject({ cost, blockSize, parallelism });
  expect(await isPassword(PASSWORD, decoy)).toBe(false);
});

test('of a crowd that logs in at once twenty are looked at, and the others told so', async () => {
  const hash = await hashPassword(PASSWORD, CHEAP);
  const crowd = await Promise.allSettled(Array.from({ length: 30 }, () => isPassword(PASSWORD, hash)));
  const refused = crowd.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(10);
  expect(refused[0]).toMatchObject({ reason: expect.any(TooManyLoginsError) });
  expect(await isPassword(PASSWORD, hash)).toBe(true);
});

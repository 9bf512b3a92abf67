import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { parsePasswordHash, scryptBytes, showPasswordHash, type PasswordHash } from '@lance-offload/base';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** OWASP’s choice for scrypt: 128 MiB and some tenths of a second for a guess. */
const PARAMETERS = { cost: 17, blockSize: 8, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

type Derivation = Pick<PasswordHash, 'cost' | 'blockSize' | 'parallelism' | 'salt'>;

/** Some seconds’ worth. */
const MOST_WAITING = 20;

/** More logins wait than can be looked at soon. */
export class TooManyLoginsError extends Error {
  override readonly name = 'TooManyLoginsError';
}

let last: Promise<unknown> = Promise.resolve();
let waiting = 0;

/** One at a time: each takes the memory its cost says, and a crowd of guesses must not add up to more. */
async function deriveInTurn(password: string, derivation: Derivation, bytes: number): Promise<Buffer> {
  if (waiting >= MOST_WAITING) throw new TooManyLoginsError('too many logins at once');
  const { cost, blockSize, parallelism, salt } = derivation;
  const options = { N: 2 ** cost, r: blockSize, p: parallelism, maxmem: 2 * scryptBytes(derivation) };
  waiting += 1;
  try {
    // Composed letters may be typed as one character or as two.
    const derived = last.then(() => derive(password.normalize('NFKC'), salt, bytes, options));
    last = derived.catch(() => undefined); // its caller is told; the next one goes on
    return await derived;
  } finally {
    waiting -= 1;
  }
}

/** The text for `password_hash`. `cost` is log₂ of scrypt’s N. */
export async function hashPassword(password: string, cost: number = PARAMETERS.cost): Promise<string> {
  const derivation = { ...PARAMETERS, cost, salt: randomBytes(SALT_BYTES) };
  return showPasswordHash({ ...derivation, hash: await deriveInTurn(password, derivation, HASH_BYTES) });
}

/**
 * Whether a password is that of a hash from the configuration, compared in constant time.
 *
 * @throws TooManyLoginsError where twenty are being looked at already.
 */
export async function isPassword(password: string, passwordHash: string): Promise<boolean> {
  const parsed = parsePasswordHash(passwordHash);
  if (!parsed) throw new Error('the configuration holds hashes only');
  const derived = await deriveInTurn(password, parsed, parsed.hash.length);
  return timingSafeEqual(derived, parsed.hash);
}

/** A hash no password has, that takes as long to compare with as `like`. */
export function unmatchableHash(like: string): string {
  const parsed = parsePasswordHash(like);
  if (!parsed) throw new Error('the configuration holds hashes only');
  return showPasswordHash({
    ...parsed,
    salt: randomBytes(parsed.salt.length),
    hash: randomBytes(parsed.hash.length),
  });
}

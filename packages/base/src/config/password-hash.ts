/** A password’s scrypt hash, taken apart. Cost is log₂ of scrypt’s N. */
export interface PasswordHash {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const FORM = /^scrypt:(\d{1,2}):(\d{1,2}):(\d{1,2}):([A-Za-z0-9_-]{22,86}):([A-Za-z0-9_-]{43,86})$/;
const LEAST_COST = 14;
/** What a login may take of the dashboard’s memory: 128 · N · r bytes, RFC 7914. */
const MOST_BYTES = 2 ** 29;

/** The memory, in bytes, that deriving the hash takes. */
export function scryptBytes({ cost, blockSize }: Pick<PasswordHash, 'cost' | 'blockSize'>): number {
  return 128 * 2 ** cost * blockSize;
}

/**
 * Reads `scrypt:<log₂ N>:<r>:<p>:<salt>:<hash>`, both base64url. It has no `$`, which shells, .env files, compose and
 * `${NAME}` would take for a variable. Undefined for a text that is not of this form, or of parameters that are too weak
 * (N < 2¹⁴) or too costly (over 512 MiB).
 */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, cost, blockSize, parallelism, salt = '', hash = ''] = FORM.exec(text) ?? [];
  if (cost === undefined) return undefined;
  const parsed: PasswordHash = {
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  };
  const isSound =
    parsed.cost >= LEAST_COST &&
    parsed.blockSize >= 8 &&
    parsed.parallelism >= 1 &&
    parsed.parallelism <= 16 &&
    scryptBytes(parsed) <= MOST_BYTES;
  return isSound ? parsed : undefined;
}

/** The text form of a hash, for `password_hash`. */
export function showPasswordHash({ cost, blockSize, parallelism, salt, hash }: PasswordHash): string {
  return [
    'scrypt',
    cost,
    blockSize,
    parallelism,
    salt.toString('base64url'),
    hash.toString('base64url'),
  ].join(':');
}

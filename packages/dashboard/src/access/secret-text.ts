import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits, as base64url. */
export function randomText(): string {
  return randomBytes(32).toString('base64url');
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Compares in constant time, also texts of different lengths. */
export function isSameText(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

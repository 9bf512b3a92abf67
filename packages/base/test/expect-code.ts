import { expect } from 'vitest';
import { OffloadError } from '../src/errors/offload-error.ts';
import type { OffloadErrorCode } from '../src/errors/policy.ts';

function check(thrown: unknown, code: OffloadErrorCode, message: RegExp): OffloadError {
  if (!(thrown instanceof OffloadError))
    throw new Error(`expected ${code}, got ${String(thrown)}`, { cause: thrown });
  expect(thrown.code).toBe(code);
  expect(thrown.message).toMatch(message);
  expect(thrown.message.startsWith(`[${code}] `)).toBe(true);
  return thrown;
}

/** Expects work to throw an OffloadError, and hands it on. */
export function expectCode(work: () => unknown, code: OffloadErrorCode, message = /./): OffloadError {
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  return check(thrown, code, message);
}

/** Expects a promise to be rejected with an OffloadError, and hands it on. */
export async function expectRejection(
  work: Promise<unknown>,
  code: OffloadErrorCode,
  message = /./,
): Promise<OffloadError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return check(thrown, code, message);
}

import type { Response } from 'express';
import type { ErrorAnswer } from './api/answers.ts';

const CODES = {
  401: { code: 'NOT_LOGGED_IN', key: 'ERRORS.FORBIDDEN' },
  403: { code: 'FORBIDDEN', key: 'ERRORS.FORBIDDEN' },
  503: { code: 'REDIS_UNAVAILABLE', key: 'ERRORS.INTERNAL_SERVER_ERROR' },
} as const;

/** Answers that something is not done, and why: in the form of the API, and in that of Bull Board’s page. */
export function refuse(response: Response, status: keyof typeof CODES, message: string): void {
  const { code, key } = CODES[status];
  const answer: ErrorAnswer & { readonly message: string } = { error: { code, message }, message };
  response.status(status).json({ ...answer, error: { ...answer.error, key } });
}

import type { Response } from 'express';

const KEYS = {
  401: 'ERRORS.FORBIDDEN',
  403: 'ERRORS.FORBIDDEN',
  503: 'ERRORS.INTERNAL_SERVER_ERROR',
} as const;

/** Answers that something is not done, and why, in the form Bull Board’s page shows. */
export function refuse(response: Response, status: keyof typeof KEYS, message: string): void {
  response.status(status).json({ error: { key: KEYS[status] }, message });
}

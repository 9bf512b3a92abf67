import { toOffloadError, type Logger } from '@lance-offload/base';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { ErrorAnswer } from './answers.ts';

/** A request that cannot be answered, with its HTTP status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(status: number, code: string, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

const STATUS: Readonly<Record<string, number>> = {
  CONFIG_INVALID: 400,
  RUN_NOT_FOUND: 404,
  RUN_CLOSED: 409,
  RUN_OPEN: 409,
  REDIS_UNAVAILABLE: 503,
  LAKE_UNAVAILABLE: 503,
  LAKE_TOO_NEW: 503,
};

/** Status of a body that `express.json` refused: not JSON, or too large. */
function bodyStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown) || !('type' in thrown)) return undefined;
  return typeof thrown.status === 'number' && thrown.status < 500 ? thrown.status : undefined;
}

/** Any thrown value as what is answered; of a defect nothing but that it is one. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const refused = bodyStatus(thrown);
  if (refused !== undefined)
    return new ApiError(refused, 'BAD_INPUT', 'The body of the request is not the JSON that is expected.');
  const error = toOffloadError(thrown);
  const status = STATUS[error.code];
  const text = error.message.slice(error.code.length + 3);
  if (status !== undefined) return new ApiError(status, error.code, text, error.hint);
  return new ApiError(
    500,
    'INTERNAL',
    'The dashboard could not answer; its log says why.',
    'Please report it with the log.',
  );
}

function sendError(response: Response, { status, code, message, hint }: ApiError): void {
  const answer: ErrorAnswer = { error: { code, message, ...(hint !== undefined && { hint }) } };
  response.status(status).json(answer);
}

export function answerErrors(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const error = toApiError(thrown);
    if (error.status === 500) logger.error({ err: thrown, path: request.path }, 'the API could not answer');
    sendError(response, error);
  };
}

/** A handler of which what it throws is answered. */
export function handleAsync(handle: (request: Request, response: Response) => Promise<void>): RequestHandler {
  return (request, response) => handle(request, response); // Express takes what it throws to `answerErrors`
}

export const answerUnknown: RequestHandler = (request, response) => {
  const message = `The API has no ${request.method} ${request.baseUrl}${request.path}.`;
  sendError(response, new ApiError(404, 'NOT_FOUND', message));
};

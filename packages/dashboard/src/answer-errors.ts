import type { Logger } from '@lance-offload/base';
import type { ErrorRequestHandler } from 'express';

/** The status of an error that a request is to blame for, such as a body that is too long; 500 of any other. */
function statusOf(error: unknown): number {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : 500;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

/** Answers what went wrong without its stack, which is for the log. */
export function answerErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const status = statusOf(error);
    if (status === 500)
      logger.error({ err: error, method: request.method, path: request.path }, 'request failed');
    if (response.headersSent) {
      next(error); // the answer cannot be taken back: Express cuts it off
      return;
    }
    const message =
      status === 500 ? 'Something went wrong; the dashboard’s log says what.' : 'The request cannot be read.';
    response.status(status).json({ error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message });
  };
}

import { OffloadError } from '@lance-offload/base';
import type { RequestContext } from './http.ts';

/** In which the server tells the version an answer was read at; not every server sends it. */
export const VERSION_HEADER = 'x-lancedb-version';

/**
 * Refuses an answer from another version than the one that was asked for: a replica that lags behind, or a cache. It may
 * pass, so it is tried again; rows of two versions must never make one page.
 *
 * @param told what the server says, or `null` where it does not.
 * @throws OffloadError `SOURCE_BAD_BODY`.
 */
export function refuseOtherVersion(
  told: string | number | null,
  version: number,
  context: RequestContext,
  requestId?: string,
): void {
  if (told === null || Number(told) === version) return;
  const message = `${context.failing}: asked for version ${version}, and the answer is from version ${told}${requestId === undefined ? '' : ` (request ${requestId})`}`;
  throw new OffloadError('SOURCE_BAD_BODY', message, {
    ...context.details,
    ...(requestId !== undefined && { requestId }),
  });
}

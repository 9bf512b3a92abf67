import { RECORD_BATCH } from './ipc/messages.ts';
import { badBody, openBody } from './ipc/open-body.ts';

/**
 * Counts the rows of an Arrow IPC body by its message headers, without touching the data: cheap enough for the event
 * loop, whatever the size.
 *
 * @throws OffloadError `SOURCE_BAD_BODY` for a body that is not whole Arrow IPC.
 */
export function countArrowRows(body: Uint8Array): number {
  const { messages } = openBody(body);
  try {
    return messages
      .filter(({ kind }) => kind === RECORD_BATCH)
      .reduce((rows, { header }) => rows + header.long(0), 0);
  } catch (error) {
    throw badBody(`The rows of ${body.byteLength} bytes of Arrow cannot be counted`, error);
  }
}

import { DICTIONARY_BATCH, RECORD_BATCH, takeApart } from '../../src/ipc/messages.ts';

/** A stretch of a body. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where things lie in a body: whole messages, and the parts of it in which each bit is structure or value. */
export interface Layout {
  readonly messages: readonly Range[];
  /** Message prefixes and metadata, and a FILE's head and footer. */
  readonly metadata: readonly Range[];
  /** Buffers of record batches and dictionaries. */
  readonly buffers: readonly Range[];
}

export function layoutOf(body: Uint8Array): Layout {
  const messages: Range[] = [];
  const metadata: Range[] = [];
  const buffers: Range[] = [];
  const isFile = Buffer.from(body.subarray(0, 6)).toString('latin1') === 'ARROW1';
  let start = isFile ? 8 : 0;
  for (const { kind, header, body: data } of takeApart(body).messages) {
    const from = data.byteOffset - body.byteOffset;
    metadata.push({ start, end: from });
    messages.push({ start, end: from + data.length });
    const batch = kind === RECORD_BATCH ? header : kind === DICTIONARY_BATCH ? header.table(1) : undefined;
    for (const [offset, length] of batch?.pairs(2) ?? [])
      if (length > 0) buffers.push({ start: from + offset, end: from + offset + length });
    start = from + data.length;
  }
  metadata.push({ start, end: body.length });
  return { messages, metadata, buffers };
}

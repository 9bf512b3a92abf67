import { toOffloadError } from '@lance-offload/base';
import { countArrowRows } from '@lance-offload/lancedb';
import { transformPage, type TransformedPage } from '../../../src/stage/transform-page.ts';
import type { Original } from './originals.ts';

/** How a worker takes an answer: refused with a code, known to be incomplete, or staged. */
export type Outcome =
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'short'; readonly rows: number }
  | { readonly kind: 'staged'; readonly page: TransformedPage };

/**
 * What a worker does with an answer that should have `expected` rows (`fetchPage`, `stagePage`): counts it, asks again for
 * what is missing, refuses what is too much, transforms it, and refuses row ids that come twice.
 */
export function takePage({ columns }: Original, body: Uint8Array, expected: number): Outcome {
  try {
    const rows = countArrowRows(body);
    if (rows > expected)
      return { kind: 'refused', code: 'SOURCE_BAD_BODY', message: 'more rows than asked for' };
    if (rows < expected) return { kind: 'short', rows };
    const page = transformPage({ bodies: [body], columns, runId: 'fuzz', offloadedAtMs: 0 });
    const distinct = new Set(page.rowIds).size;
    if (page.rows !== rows || distinct !== rows)
      return { kind: 'refused', code: 'SOURCE_BAD_BODY', message: 'rows that come twice, or not at all' };
    return { kind: 'staged', page };
  } catch (error) {
    const { code, message } = toOffloadError(error);
    return { kind: 'refused', code, message };
  }
}

/** What a page holds, whatever the order of its rows. */
export function contentOf({ rows, rowHashSum, rowIds, stats }: TransformedPage): string {
  return JSON.stringify([rows, rowHashSum, [...rowIds].map(String).toSorted(), stats]);
}

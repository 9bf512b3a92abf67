import {
  countArrowRows,
  OffloadError,
  scanQuery,
  type LanceClient,
  type Page,
  type RunPlan,
} from '@lance-offload/core';

/** Answers that go into one file together, and the rows they hold. */
export interface FetchedPart {
  readonly bodies: Uint8Array<ArrayBuffer>[];
  readonly rows: number;
  readonly requests: number;
}

/** An answer may be this much larger than planned before it is split: estimates of row size are no more exact. */
const TOLERANCE = 1.5;

function columnsOf(plan: RunPlan): string[] | undefined {
  return plan.selectsColumns ? plan.columns.map(({ name }) => name) : undefined;
}

function short(plan: RunPlan, page: Page, got: number): OffloadError {
  const message = `Table "${plan.table}", page ${page.index}: the server has no rows from ${page.offset + got} on, where its count promises ${page.limit - got} more`;
  return new OffloadError('SOURCE_SHORT', message, {
    table: plan.table,
    runId: plan.runId,
    page: page.index,
  });
}

/** Remembers, per run, how many rows an answer may have to stay within `pageBytes`, once one was too large. */
export class RequestSizes {
  readonly #rows = new Map<string, number>();

  rowsFor(plan: RunPlan): number {
    return this.#rows.get(plan.runId) ?? plan.rowsPerPage;
  }

  halve(plan: RunPlan, rows: number): void {
    if (this.#rows.size > 1000) this.#rows.clear(); // runs of long ago
    this.#rows.set(plan.runId, Math.max(1, Math.ceil(rows / 2)));
  }
}

/**
 * Fetches a page: one query where the server answers it whole. A short answer is asked again from where it stopped
 * (a server may cap `k`); one that is too large is dropped and asked for in halves. Yields what belongs in one file
 * as soon as it is `pageBytes` large, so that no more than that is ever held.
 *
 * @throws OffloadError `SOURCE_SHORT` where the rows end early, and whatever the client throws.
 */
export async function* fetchPage(
  plan: RunPlan,
  page: Page,
  source: LanceClient,
  sizes: RequestSizes,
  signal: AbortSignal,
): AsyncGenerator<FetchedPart> {
  const selection = { version: plan.sourceVersion, columns: columnsOf(plan), filter: plan.filter };
  let part = { bodies: [] as Uint8Array<ArrayBuffer>[], rows: 0, requests: 0 };
  let bytes = 0;
  for (let got = 0; got < page.limit;) {
    const limit = Math.min(page.limit - got, sizes.rowsFor(plan));
    // A single row is taken at any size: there is nothing to split.
    const maxBytes = limit === 1 ? Number.POSITIVE_INFINITY : plan.pageBytes * TOLERANCE;
    const body = await source.scan(plan.table, scanQuery(selection, { offset: page.offset + got, limit }), {
      maxBytes,
      signal,
    });
    part.requests += 1;
    if (!body) {
      sizes.halve(plan, limit);
      continue;
    }
    const rows = countArrowRows(body);
    if (rows === 0) throw short(plan, page, got);
    if (rows > limit) {
      throw new OffloadError(
        'SOURCE_BAD_BODY',
        `Asked for ${limit} rows of table "${plan.table}", got ${rows}`,
        { table: plan.table, page: page.index },
      );
    }
    got += rows;
    bytes += body.byteLength;
    part.bodies.push(body);
    part.rows += rows;
    if (bytes >= plan.pageBytes || got === page.limit) {
      yield part;
      part = { bodies: [], rows: 0, requests: 0 };
      bytes = 0;
    }
  }
}

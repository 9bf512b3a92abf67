import { bodyOf } from '../../lancedb/test/arrow-bodies.ts';
import { json, type Answer, type Seen } from '../../lancedb/test/http-server.ts';
import { fieldsOf, pagesOf } from '../../core/test/merge/typed-table.ts';
import type { SourceTable } from './compared-lake.ts';

/** How a server is not what it should be. */
export interface Oddities {
  /** What it counts, where that is not its rows. */
  readonly counted?: number;
  /** The most rows it answers with. */
  readonly maxRows?: number;
  /** Rows of the scan, by their places; each once when absent. */
  readonly scan?: readonly number[];
  /** Answers instead of the server where it returns one. */
  readonly instead?: (request: Seen, operation: string) => Answer | undefined;
}

interface Query {
  readonly offset: number;
  readonly k: number;
  readonly columns?: readonly string[];
}

/** The operation a request is for: `query`, `describe`, … */
export function operationOf({ url }: Seen): string {
  return /\/([^/]+)\/$/.exec(url)?.[1] ?? '';
}

/** A server of one table at one version, over the REST protocol as far as a verification speaks it. */
export function servedTable({ types, rows }: SourceTable, odd: Oddities = {}): Answer {
  const fields = fieldsOf(types);
  return (response, request) => {
    const operation = operationOf(request);
    const other = odd.instead?.(request, operation);
    if (other) return other(response, request);
    if (operation === 'describe') return json(200, { version: 3, schema: { fields } })(response, request);
    if (operation === 'count_rows') return json(200, odd.counted ?? rows.length)(response, request);
    if (operation !== 'query') return json(404, { error: 'no such endpoint' })(response, request);
    const { offset, k, columns } = request.body as Query;
    const scan = odd.scan ?? [...rows.keys()];
    const limit = Math.min(k, odd.maxRows ?? k);
    const batches = scan.slice(offset, offset + limit).map((place) => pagesOf(types, rows)(place, 1));
    const kept = (batch: object) =>
      Object.fromEntries(
        Object.entries(batch).filter(([name]) => name === '_rowid' || (columns?.includes(name) ?? true)),
      );
    const body = bodyOf(batches.length > 0 ? batches.map(kept) : [kept(pagesOf(types, rows)(0, 0))]);
    response.writeHead(200, { 'content-type': 'application/vnd.apache.arrow.stream' }).end(body);
  };
}

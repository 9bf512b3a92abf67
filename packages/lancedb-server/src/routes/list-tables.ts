import type { Connection } from '@lancedb/lancedb';
import type { RequestHandler } from 'express';
import { listParams, parseRequest } from '../request-body.ts';
import { namespacePath } from '../tables.ts';

/** Names in order, `limit` at a time; the token of the next page is the last name of this one. */
export function listTables(db: Connection): RequestHandler<{ namespace?: string }> {
  return async (request, response) => {
    const { limit, page_token: startAfter } = parseRequest(listParams, request.query);
    const namespace = namespacePath(request.params.namespace ?? '');
    const options = { limit: limit + 1, ...(startAfter ? { startAfter } : {}) };
    const names = await db.tableNames(namespace, options);
    const tables = names.slice(0, limit);
    response.json({ tables, ...(names.length > limit ? { page_token: tables.at(-1) } : {}) });
  };
}

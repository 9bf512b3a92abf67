import type { Connection } from '@lancedb/lancedb';
import type { RequestHandler } from 'express';
import { buildQuery } from '../build-query.ts';
import { batchRowsFor, startScan } from '../engine-scan.ts';
import type { Compression } from '../ipc/compress.ts';
import type { ArrowFormat } from '../ipc/frame.ts';
import { explainBody, parseRequest, queryBody } from '../request-body.ts';
import { sendArrow } from '../send-arrow.ts';
import { withTable } from '../tables.ts';
import { VERSION_HEADER } from './table-facts.ts';

export interface QueryLimits {
  maxK?: number | undefined;
  compression?: Compression | undefined;
}

export function runQuery(db: Connection, limits: QueryLimits): RequestHandler<{ table: string }> {
  return async (request, response) => {
    const body = parseRequest(queryBody, request.body);
    await withTable(db, request.params.table, body.version, async ({ table, version }) => {
      const query = buildQuery(table, body, limits.maxK);
      const scan = await startScan(query, await batchRowsFor(table));
      response.setHeader(VERSION_HEADER, version);
      await sendArrow(response, scan, {
        format: formatFor(request.get('accept')),
        compression: limits.compression,
      });
    });
  };
}

/** The plan as a JSON string. */
export function explainPlan(db: Connection, limits: QueryLimits): RequestHandler<{ table: string }> {
  return async (request, response) => {
    const { verbose, query: body } = parseRequest(explainBody, request.body);
    await withTable(db, request.params.table, body.version, async ({ table }) => {
      response.json(await buildQuery(table, body, limits.maxK).explainPlan(verbose));
    });
  };
}

/** The file format unless the client names the stream format and not the file's. */
function formatFor(accept = ''): ArrowFormat {
  return accept.includes('arrow.stream') && !accept.includes('arrow.file') ? 'stream' : 'file';
}

import type { Connection, IndexConfig, TableStatistics } from '@lancedb/lancedb';
import type { RequestHandler } from 'express';
import { schemaBytes } from '../engine-scan.ts';
import { countBody, parseRequest, versionBody } from '../request-body.ts';
import { schemaToJson } from '../schema-json.ts';
import { withTable } from '../tables.ts';

type TableHandler = RequestHandler<{ table: string }>;

export const VERSION_HEADER = 'x-lancedb-version';

export function describeTable(db: Connection): TableHandler {
  return async (request, response) => {
    const { table: id } = request.params;
    const body = parseRequest(versionBody, request.body);
    await withTable(db, id, body.version, async ({ table, version }) => {
      const schema = schemaToJson(await schemaBytes(table.query()));
      response.json({ table: table.name, version, schema });
    });
  };
}

/** The answer is a bare number. */
export function countRows(db: Connection): TableHandler {
  return async (request, response) => {
    const body = parseRequest(countBody, request.body);
    await withTable(db, request.params.table, body.version, async ({ table, version }) => {
      const count = await table.countRows(body.predicate ?? undefined);
      response.setHeader(VERSION_HEADER, version).json(count);
    });
  };
}

export function tableStats(db: Connection): TableHandler {
  return async (request, response) => {
    const body = parseRequest(versionBody, request.body);
    await withTable(db, request.params.table, body.version, async ({ table }) => {
      response.json(statsToJson(await table.stats()));
    });
  };
}

function statsToJson(stats: TableStatistics): object {
  const { numFragments, numSmallFragments, lengths } = stats.fragmentStats;
  return {
    total_bytes: stats.totalBytes,
    num_rows: stats.numRows,
    num_indices: stats.numIndices,
    fragment_stats: { num_fragments: numFragments, num_small_fragments: numSmallFragments, lengths },
  };
}

export function listVersions(db: Connection): TableHandler {
  return async (request, response) => {
    await withTable(db, request.params.table, null, async ({ table }) => {
      const versions = await table.listVersions();
      response.json({ versions });
    });
  };
}

export function listIndexes(db: Connection): TableHandler {
  return async (request, response) => {
    const body = parseRequest(versionBody, request.body);
    await withTable(db, request.params.table, body.version, async ({ table }) => {
      const indexes = await table.listIndices();
      response.json({ indexes: indexes.map((index) => indexToJson(index)) });
    });
  };
}

function indexToJson(index: IndexConfig): object {
  return {
    index_name: index.name,
    index_uuid: index.indexUuid,
    columns: index.columns,
    index_type: index.indexType,
    created_at: index.createdAt,
    num_indexed_rows: index.numIndexedRows,
    num_unindexed_rows: index.numUnindexedRows,
    size_bytes: index.sizeBytes,
  };
}

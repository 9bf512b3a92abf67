import type { Query, Table, VectorQuery } from '@lancedb/lancedb';
import type { QueryBody } from './request-body.ts';

/**
 * The engine's query for a request's body. Without a query vector it is a plain scan (or a full-text search).
 * @param maxRows the most rows an answer may have, whatever `k` asks for.
 */
export function buildQuery(table: Table, body: QueryBody, maxRows = Infinity): Query | VectorQuery {
  const [vector, ...furtherVectors] = body.vector;
  const query = vector ? nearestTo(table, vector, furtherVectors, body) : table.query();
  query.limit(Math.min(body.k, maxRows));
  if (body.offset) query.offset(body.offset);
  if (body.filter) query.where(body.filter);
  if (body.columns) query.select(body.columns);
  if (body.with_row_id) query.withRowId();
  if (body.fast_search) query.fastSearch();
  if (body.full_text_query) {
    const { query: words, columns } = body.full_text_query;
    query.fullTextSearch(words, columns?.length ? { columns } : {});
  }
  if (body.order_by?.length) {
    query.orderBy(
      body.order_by.map((by) => ({
        columnName: by.column_name,
        ascending: by.ascending,
        nullsFirst: by.nulls_first,
      })),
    );
  }
  return query;
}

function nearestTo(table: Table, vector: number[], furtherVectors: number[][], body: QueryBody): VectorQuery {
  let query = table.query().nearestTo(Float32Array.from(vector));
  for (const further of furtherVectors) query = query.addQueryVector(Float32Array.from(further));
  if (body.vector_column) query.column(body.vector_column);
  if (body.distance_type) query.distanceType(body.distance_type);
  if (body.prefilter === false) query.postfilter();
  if (body.bypass_vector_index) query.bypassVectorIndex();
  if (body.refine_factor) query.refineFactor(body.refine_factor);
  if (body.ef) query.ef(body.ef);
  setProbes(query, body);
  const { lower_bound: lower, upper_bound: upper } = body;
  if (typeof lower === 'number' || typeof upper === 'number') {
    query.distanceRange(lower ?? undefined, upper ?? undefined);
  }
  return query;
}

/**
 * New clients send `minimum_nprobes` and `maximum_nprobes` (0: no maximum) and repeat the minimum as `nprobes` for old
 * servers; old clients send `nprobes` alone. The maximum is lifted first, so that the engine never sees it below the minimum.
 */
function setProbes(query: VectorQuery, body: QueryBody): void {
  if (body.minimum_nprobes) {
    query.maximumNprobes(0);
    query.minimumNprobes(body.minimum_nprobes);
    query.maximumNprobes(body.maximum_nprobes ?? 0);
  } else if (body.nprobes) {
    query.nprobes(body.nprobes);
  } else if (body.maximum_nprobes) {
    query.maximumNprobes(body.maximum_nprobes);
  }
}

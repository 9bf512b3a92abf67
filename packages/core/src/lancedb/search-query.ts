import { z } from 'zod';
import type { ScanQuery } from './query.ts';

/** The column every answer to a search has beside the table's own: how far a row is from the query. */
export const DISTANCE = '_distance';

/**
 * A vector search as the plan keeps it and the query API takes it (LanceDB REST, "Query a table"). `nprobes` alone is
 * what old clients send: servers take it for the newer `minimum_nprobes` and `maximum_nprobes` both.
 */
export const searchSchema = z.object({
  /** The rows that are asked for: the nearest, behind the offset. There may be fewer. */
  k: z.int().positive(),
  vector: z.array(z.number()).min(1),
  vector_column: z.string(),
  prefilter: z.boolean(),
  distance_type: z.enum(['cosine', 'l2', 'dot']).optional(),
  nprobes: z.int().positive().optional(),
  ef: z.int().positive().optional(),
  refine_factor: z.int().positive().optional(),
  fast_search: z.boolean().optional(),
  bypass_vector_index: z.boolean().optional(),
  lower_bound: z.number().optional(),
  upper_bound: z.number().optional(),
});
export type Search = z.output<typeof searchSchema>;

/** A search as it is sent: what every query says, and what a search says in place of an empty vector. */
export type SearchQuery = Omit<ScanQuery, 'vector' | 'prefilter'> & Search;

/** The one query of a search. It asks for the distance by name where columns are named: servers may leave it out else. */
export function searchQuery(query: ScanQuery, search: Search): SearchQuery {
  return { ...query, ...search, ...(query.columns && { columns: [...query.columns, DISTANCE] }) };
}

import { z } from 'zod';

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

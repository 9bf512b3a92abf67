import { z } from 'zod';
import { flag, jsonInString, number, vector, wholeNumber } from './option-values.ts';

/** LanceDB counts probes and candidates in 32 bits. */
const MAX_COUNT = 2 ** 32 - 1;
const count = wholeNumber(1, MAX_COUNT);

/**
 * Options of a vector search: a run of a `query_vector` reads the rows nearest to it, in place of the whole table. Names
 * and meaning are those of the query API (LanceDB REST, "Query a table").
 */
export const searchOptions = {
  query_vector: vector.optional(),
  vector_column: z.string().min(1).optional(),
  distance_type: jsonInString(
    z.preprocess(
      (value) => (typeof value === 'string' ? value.toLowerCase() : value),
      z.enum(['cosine', 'l2', 'dot']),
    ),
  ).optional(),
  nprobes: count.optional(),
  ef: count.optional(),
  refine_factor: count.optional(),
  fast_search: flag.optional(),
  bypass_vector_index: flag.optional(),
  prefilter: flag.optional(),
  lower_bound: number.optional(),
  upper_bound: number.optional(),
};

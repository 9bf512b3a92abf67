import { DEFAULT_BATCH_SIZE, isScd, OPTION_DEFAULTS } from './table-options.ts';
import type { IngestionType, TableOptions } from './table-options.ts';

/** Options that say something of a search only. Flags that are off say nothing. */
const OF_A_SEARCH = [
  'vector_column',
  'distance_type',
  'nprobes',
  'ef',
  'refine_factor',
  'fast_search',
  'bypass_vector_index',
  'lower_bound',
  'upper_bound',
] as const satisfies readonly (keyof TableOptions)[];

/** Options that steer an index, and say nothing where none is used. */
const OF_AN_INDEX = ['nprobes', 'ef', 'refine_factor', 'fast_search'] as const;

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== false;
}

function scanProblems(options: TableOptions): string[] {
  const strays: string[] = OF_A_SEARCH.filter((name) => isSaid(options[name]));
  if (options.prefilter === false) strays.push('prefilter');
  return [
    ...strays.map(
      (name) => `${name}: says something of a search only; give its query_vector, or leave ${name} out`,
    ),
    ...(options.use_full_scan === false
      ? [
          'use_full_scan: without the full scan there must be a query_vector to search for; give one, or leave use_full_scan out to read the whole table',
        ]
      : []),
  ];
}

function modeProblems(options: TableOptions, type: IngestionType): string[] {
  return [
    ...(options.use_full_scan === true
      ? [
          'use_full_scan: true reads the whole table, query_vector the rows nearest to it; leave use_full_scan out (or set it to false) to search, or leave query_vector out',
        ]
      : []),
    ...(isScd(type)
      ? [
          `query_vector: ${type} keeps a table up to date, and a search shows a part of it only; use ingestion_type APPEND_ONLY with a destination_table of its own, or leave query_vector out`,
        ]
      : []),
    ...(options.cursor_field === undefined
      ? []
      : [
          'cursor_field: a search reads the nearest rows, not those after a cursor; leave out cursor_field, or use filter_expression for the window',
        ]),
    ...(options.detect_deletes === true
      ? ['detect_deletes: a search does not see every row; leave out detect_deletes or query_vector']
      : []),
  ];
}

function indexProblems(options: TableOptions): string[] {
  const { bypass_vector_index: bypass, ef, refine_factor: refine = 1 } = options;
  const { batch_size: k = DEFAULT_BATCH_SIZE.search, offset = OPTION_DEFAULTS.offset } = options;
  const candidates = (k + offset) * refine;
  return [
    ...OF_AN_INDEX.filter((name) => bypass === true && isSaid(options[name])).map(
      (name) => `${name}: steers an index, which bypass_vector_index leaves aside; leave one of them out`,
    ),
    // Lance refuses the search otherwise: "ef must be greater than or equal to k" (lance-index, hnsw/builder.rs).
    ...(ef !== undefined && ef < candidates
      ? [
          `ef: must be at least ${candidates}, the rows the index has to find ((batch_size + offset) × refine_factor); raise ef, or lower batch_size`,
        ]
      : []),
  ];
}

function distanceProblems(options: TableOptions): string[] {
  const { lower_bound: lower, upper_bound: upper, query_vector: vector, distance_type: type } = options;
  return [
    ...(lower !== undefined && upper !== undefined && lower >= upper
      ? [
          'lower_bound: must be less than upper_bound: distances from the one (inclusive) to the other (exclusive) are kept',
        ]
      : []),
    ...(type === 'cosine' && vector?.every((value) => value === 0)
      ? [
          'query_vector: a vector of zeros has no direction, so no row has a cosine distance from it; use distance_type l2',
        ]
      : []),
  ];
}

/**
 * What of a table's options cannot be together, where it is about searching. Each problem begins with an option's name.
 *
 * @param named the options that are given, those with a value of their own that is wrong among them.
 */
export function searchProblems(
  options: TableOptions,
  type: IngestionType,
  named: ReadonlySet<string>,
): string[] {
  if (!named.has('query_vector')) return scanProblems(options);
  return [...modeProblems(options, type), ...indexProblems(options), ...distanceProblems(options)];
}

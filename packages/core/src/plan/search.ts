import * as arrow from 'apache-arrow';
import { didYouMean, DEFAULT_BATCH_SIZE, OPTION_DEFAULTS, type TableOptions } from '@lance-offload/base';
import { arrowTypeOf, showLanceType, DISTANCE, type LanceField, type Search } from '@lance-offload/lancedb';
import { isSameName } from './folded-names.ts';

/** Numbers of a vector column's rows, or `undefined` for a column that is none: a fixed-size list of floats. */
function dimensionsOf({ type }: LanceField): number | undefined {
  const known = arrowTypeOf(type);
  if (!known || !arrow.DataType.isFixedSizeList(known)) return undefined;
  return arrow.DataType.isFloat(known.children[0]?.type) ? known.listSize : undefined;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** The column to search, or why there is none. */
function vectorColumn(
  fields: readonly LanceField[],
  wanted: string | undefined,
): { readonly field?: LanceField; readonly problem?: string } {
  const vectors = fields.filter((field) => dimensionsOf(field) !== undefined);
  const names = vectors.map(({ name }) => name);
  if (wanted === undefined) {
    const [field, ...others] = vectors;
    if (!field)
      return { problem: 'query_vector: the table has no vector column; leave query_vector out to read it' };
    if (others.length === 0) return { field };
    return {
      problem: `vector_column: the table has ${vectors.length} vector columns, name one: ${quoted(names)}`,
    };
  }
  const field = fields.find(({ name }) => name === wanted);
  if (!field) {
    const known = names.length > 0 ? names : fields.map(({ name }) => name);
    return { problem: `vector_column: there is no column "${wanted}"${didYouMean(wanted, known)}` };
  }
  if (vectors.includes(field)) return { field };
  const others = names.length > 0 ? `; the table has ${quoted(names)}` : '';
  return {
    problem: `vector_column: "${wanted}" is ${showLanceType(field.type)}, and a search needs a fixed-size list of floats${others}`,
  };
}

function lengthProblem(vector: readonly number[], field: LanceField | undefined): string[] {
  const dimensions = field && dimensionsOf(field);
  if (!field || dimensions === undefined || dimensions === vector.length) return [];
  return [
    `query_vector: has ${vector.length} numbers, and the vectors of "${field.name}" have ${dimensions}; make it with the model that made the column`,
  ];
}

/**
 * The search of a table that has a `query_vector`, and what of it does not fit the table's columns.
 *
 * @param chosen the columns that are offloaded, by name.
 */
export function planSearch(
  fields: readonly LanceField[],
  options: TableOptions,
  chosen: readonly string[],
): { readonly search?: Search; readonly problems: readonly string[] } {
  const { query_vector: vector } = options;
  if (!vector) return { problems: [] };
  const { field, problem } = vectorColumn(fields, options.vector_column);
  const taken = chosen.find((name) => isSameName(name, DISTANCE));
  const problems = [
    ...(problem === undefined ? [] : [problem]),
    ...lengthProblem(vector, field),
    ...(taken !== undefined
      ? [
          `query_vector: the table has a column "${taken}", where a search puts its own; leave it out with columns`,
        ]
      : []),
  ];
  if (!field || problems.length > 0) return { problems };
  const { distance_type, nprobes, ef, refine_factor, fast_search, bypass_vector_index } = options;
  const { lower_bound, upper_bound, prefilter = OPTION_DEFAULTS.prefilter } = options;
  const search: Search = {
    k: options.batch_size ?? DEFAULT_BATCH_SIZE.search,
    vector: [...vector],
    vector_column: field.name,
    prefilter,
    ...(distance_type !== undefined && { distance_type }),
    ...(nprobes !== undefined && { nprobes }),
    ...(ef !== undefined && { ef }),
    ...(refine_factor !== undefined && { refine_factor }),
    ...(fast_search !== undefined && { fast_search }),
    ...(bypass_vector_index !== undefined && { bypass_vector_index }),
    ...(lower_bound !== undefined && { lower_bound }),
    ...(upper_bound !== undefined && { upper_bound }),
  };
  return { search, problems };
}

/** A search in words, for plans and reports. */
export function showSearch(
  { k, vector_column: column, distance_type: type, prefilter }: Search,
  filter: string | undefined,
): string {
  const measure = type === undefined ? '' : ` by ${type} distance`;
  const filtered =
    filter === undefined
      ? ''
      : prefilter
        ? ' of those that match the filter'
        : ', of which those that match the filter are kept';
  return `a search: up to ${k} rows, the nearest to query_vector in "${column}"${measure}${filtered}`;
}

import type { ScanQuery } from './query.ts';
import { DISTANCE, type Search } from './search.ts';

/** A search as it is sent: what every query says, and what a search says in place of an empty vector. */
export type SearchQuery = Omit<ScanQuery, 'vector' | 'prefilter'> & Search;

/** The one query of a search. It asks for the distance by name where columns are named: servers may leave it out else. */
export function searchQuery(query: ScanQuery, search: Search): SearchQuery {
  return { ...query, ...search, ...(query.columns && { columns: [...query.columns, DISTANCE] }) };
}

import { OffloadError } from '@lance-offload/base';
import { FETCH_TOLERANCE, type LanceClient, type Search } from '@lance-offload/lancedb';
import type { RunPlan } from './run-plan.ts';

type Searched = Pick<RunPlan, 'table' | 'sourceVersion' | 'filter' | 'offset' | 'pageBytes'>;
type Sized = Pick<RunPlan, 'sourceRows' | 'sweepRows' | 'rowsPerPage' | 'estimatedBytes' | 'paging'>;

function invalid({ table }: Searched, problem: string): OffloadError {
  return new OffloadError('CONFIG_INVALID', `Table "${table}": ${problem}`, { table, problems: [problem] });
}

/** Reading indexed rows only, of a column that has no index, would be an empty answer without a word. */
async function refuseUnindexed(plan: Searched, search: Search, source: LanceClient): Promise<void> {
  if (search.fast_search !== true) return;
  const indexes = await source.listIndexes(plan.table, plan.sourceVersion);
  if (!indexes || indexes.some(({ columns }) => columns.includes(search.vector_column))) return;
  throw invalid(
    plan,
    `fast_search: reads indexed rows only, and "${search.vector_column}" has no index at version ${plan.sourceVersion}; make one, or leave fast_search out`,
  );
}

/**
 * The size of a search: one page, of at most `k` rows. What the answer has is known once it is there; but it has no more
 * rows than there are, or than match a filter that is applied first.
 *
 * @throws OffloadError `CONFIG_INVALID` for an answer that would be larger than a page may be, and for a `fast_search`
 *   without an index; `SOURCE_REJECTED` for a filter the source does not take.
 */
export async function measureSearch(
  plan: Searched,
  search: Search,
  bytesPerRow: number,
  source: LanceClient,
): Promise<Sized> {
  const { table, sourceVersion: version, filter, offset, pageBytes } = plan;
  await refuseUnindexed(plan, search, source);
  const matching = await source.countRows(table, version, filter);
  const counted =
    search.prefilter || filter === undefined ? matching : await source.countRows(table, version);
  const sourceRows = Math.min(search.k, Math.max(counted - offset, 0));
  const estimatedBytes = bytesPerRow * sourceRows;
  if (estimatedBytes > pageBytes * FETCH_TOLERANCE)
    throw invalid(
      plan,
      `batch_size: the ${sourceRows} nearest rows are some ${estimatedBytes} bytes, more than the ${pageBytes} of page_bytes, and a search cannot be read in parts; lower batch_size, name fewer columns, or raise page_bytes`,
    );
  return { sourceRows, sweepRows: 0, paging: 'offset', rowsPerPage: search.k, estimatedBytes };
}

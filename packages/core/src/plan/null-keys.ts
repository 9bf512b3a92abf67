import * as arrow from 'apache-arrow';
import { OffloadError } from '@lance-offload/base';
import { ROW_ID, decodeArrowBody, scanQuery, type LanceClient } from '@lance-offload/lancedb';
import { quoteSourceColumn } from './cursor-value.ts';
import { columnsNamed, queryFilterOf, type RunPlan } from './run-plan.ts';

/** A plan before its rows are counted. */
export type KeyedPlan = Omit<
  RunPlan,
  'sourceRows' | 'sweepRows' | 'rowsPerPage' | 'estimatedBytes' | 'paging'
>;

const SHOWN = 5;
const SAMPLE_BYTES = 2 ** 20;

/** The columns that must have a value in every row, and may lack one. */
export function requiredColumns(
  plan: Pick<RunPlan, 'primaryKeys' | 'sequenceBy' | 'sequenceRequired'>,
): string[] {
  const sequence = plan.sequenceRequired && plan.sequenceBy !== null ? [plan.sequenceBy] : [];
  return [...new Set([...plan.primaryKeys, ...sequence])];
}

/** The error for rows that have no key, or no sequence. `sample` names some of them. */
export function nullKeyError(
  plan: Pick<RunPlan, 'table' | 'runId' | 'primaryKeys' | 'sequenceBy' | 'sequenceRequired'>,
  rows: number,
  sample: readonly string[],
): OffloadError {
  const columns = requiredColumns(plan).map((name) => `"${name}"`);
  const message = `Table "${plan.table}": ${rows} ${rows === 1 ? 'row has' : 'rows have'} no value in ${columns.join(' or ')}, by which rows are told apart; nothing was published`;
  return new OffloadError('KEY_NULL', message, { table: plan.table, runId: plan.runId, sample });
}

function showRow(row: arrow.StructRowProxy): string {
  const { [ROW_ID]: id, ...columns } = row.toJSON();
  const shown = Object.entries(columns).map(
    ([name, value]) => `${name}=${value === null ? 'null' : String(value)}`,
  );
  return `${ROW_ID} ${String(id)} (${shown.join(', ')})`;
}

async function sampleOf(
  plan: KeyedPlan,
  filter: string,
  rows: number,
  source: LanceClient,
): Promise<string[]> {
  const selection = { version: plan.sourceVersion, columns: requiredColumns(plan), filter };
  const body = await source.query(
    plan.table,
    scanQuery(selection, { offset: 0, limit: Math.min(rows, SHOWN) }),
    {
      maxBytes: SAMPLE_BYTES,
      signal: new AbortController().signal,
    },
  );
  if (!body) return [];
  const sample = new arrow.Table(decodeArrowBody(body).batches).toArray().map(showRow);
  source.recycle(body.buffer);
  return sample;
}

/**
 * Refuses a run over rows that have no key (or no sequence, where one was asked for), before a page is enqueued. The
 * commit looks again at what was staged.
 *
 * @throws OffloadError `KEY_NULL` with their number and some of them.
 */
export async function refuseNullKeys(plan: KeyedPlan, source: LanceClient): Promise<void> {
  const nullable = columnsNamed(plan, requiredColumns(plan)).filter((column) => column.nullable);
  if (nullable.length === 0) return;
  const isNull = nullable.map(({ name }) => `${quoteSourceColumn(name)} IS NULL`).join(' OR ');
  const window = queryFilterOf(plan);
  const filter = window === undefined ? isNull : `(${window}\n) AND (${isNull})`;
  const rows = await source.countRows(plan.table, plan.sourceVersion, filter);
  if (rows > 0) throw nullKeyError(plan, rows, await sampleOf(plan, filter, rows, source));
}

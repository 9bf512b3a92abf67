import { OffloadError } from '@lance-offload/base';
import { cutOf, cutValues, inexactKeyError } from '@lance-offload/delta';
import { ROW_ID, decodeArrowBody, arrowTypeOf, scanQuery, type LanceClient } from '@lance-offload/lancedb';
import { canBeFiltered, quoteSourceColumn } from './cursor-value.ts';
import type { KeyedPlan } from './null-keys.ts';
import { columnsNamed, queryFilterOf, type RunPlan } from './run-plan.ts';

/**
 * The columns that name the rows of a run, and that order them: two values of them must not become one in the lake. None
 * under APPEND_ONLY: a cursor that is cut lies before the rows it comes from, which are then read again.
 */
export function orderedColumns({
  primaryKeys,
  sequenceBy,
}: Pick<RunPlan, 'primaryKeys' | 'sequenceBy'>): string[] {
  return [...new Set([...primaryKeys, ...(sequenceBy === null ? [] : [sequenceBy])])];
}

const SHOWN = 5;
const SAMPLE_BYTES = 2 ** 20;

/** Counts rows, or says `undefined` where the source cannot tell. */
async function countWhere(plan: KeyedPlan, filter: string, source: LanceClient): Promise<number | undefined> {
  try {
    return await source.countRows(plan.table, plan.sourceVersion, filter);
  } catch (error) {
    if (error instanceof OffloadError && error.code === 'SOURCE_REJECTED') return undefined;
    throw error;
  }
}

/** The filter for the rows a run reads of which a column has more than the lake keeps. */
function cutFilter(plan: KeyedPlan, column: string, units: bigint): string | undefined {
  if (!canBeFiltered(column)) return undefined;
  const window = queryFilterOf(plan);
  const isCut = `CAST(${quoteSourceColumn(column)} AS bigint) % ${units} <> 0`;
  return window === undefined ? isCut : `(${window}\n) AND (${isCut})`;
}

async function sampleOf(
  plan: KeyedPlan,
  column: string,
  filter: string,
  source: LanceClient,
): Promise<string[]> {
  const query = scanQuery(
    { version: plan.sourceVersion, columns: [column], filter },
    { offset: 0, limit: SHOWN },
  );
  const limits = { maxBytes: SAMPLE_BYTES, signal: new AbortController().signal };
  const body = await source.query(plan.table, query, limits);
  if (!body) return [];
  const { schema, batches } = decodeArrowBody(body);
  const [values, ids] = [column, ROW_ID].map((name) =>
    schema.fields.findIndex((field) => field.name === name),
  );
  const sample = batches.flatMap(({ data: { children } }) => {
    const [data, rowIds] = [children[values ?? -1], children[ids ?? -1]];
    return data ? cutValues(column, data, (rowIds?.values ?? []) as BigUint64Array, SHOWN) : [];
  });
  source.recycle(body.buffer);
  return sample.slice(0, SHOWN);
}

/**
 * Refuses a run whose keys or sequence have values that the lake would cut, before a page is enqueued, where the source can
 * tell. Each page looks again at what it has read.
 *
 * @throws OffloadError `KEY_INEXACT` with some of them.
 */
export async function refuseInexactKeys(plan: KeyedPlan, source: LanceClient): Promise<void> {
  for (const field of columnsNamed(plan, orderedColumns(plan))) {
    const type = arrowTypeOf(field.type);
    const cut = type && cutOf(type);
    const filter = cut && cutFilter(plan, field.name, cut.units);
    if (!cut || filter === undefined) continue;
    if (!(await countWhere(plan, filter, source))) continue;
    const sample = await sampleOf(plan, field.name, filter, source);
    throw inexactKeyError(field.name, cut.part, sample).with({ table: plan.table, runId: plan.runId });
  }
}

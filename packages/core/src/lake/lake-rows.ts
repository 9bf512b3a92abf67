import { isScd } from '@lance-offload/base';
import {
  liveRows,
  loadDeletedRows,
  duckdbLimits,
  quoteIdentifier,
  quoteText,
  withDuckDB,
  type Store,
  type Snapshot,
} from '@lance-offload/delta';
import type { RunPlan } from '../plan/run-plan.ts';
import { END_AT } from './validity.ts';

const MEMORY = '400MB';
const DELETED = 'deleted_rows';

/** What a reader of the table finds, and how many different keys it has: as many, or something is wrong. */
export interface LakeRows {
  readonly rows: number;
  readonly keys: number;
}

/**
 * Counts, in the files and through the log, what a run has left: under SCD the current rows of the table and their keys,
 * APPEND_ONLY the rows of the run.
 */
export async function countLakeRows(
  plan: Pick<RunPlan, 'runId' | 'ingestionType' | 'primaryKeys'>,
  table: Store,
  snapshot: Snapshot | undefined,
): Promise<LakeRows> {
  const scd = isScd(plan.ingestionType);
  const files = (snapshot?.files ?? []).filter((file) => scd || file.path.startsWith(`data/${plan.runId}/`));
  if (files.length === 0) return { rows: 0, keys: 0 };
  return withDuckDB({ limits: duckdbLimits(MEMORY) }, async (connection) => {
    await loadDeletedRows(connection, DELETED, table, files);
    const history = plan.ingestionType === 'SCD_TYPE_2';
    const columns = scd ? [...plan.primaryKeys, ...(history ? [END_AT] : [])] : ['_run_id'];
    const live = liveRows(table, files, {
      deletedTable: DELETED,
      columns,
      ...(snapshot && { schema: snapshot.schema }),
    });
    const where = history
      ? ` WHERE ${END_AT} IS NULL`
      : scd
        ? ''
        : ` WHERE _run_id = ${quoteText(plan.runId)}`;
    const keys = plan.primaryKeys.map(quoteIdentifier).join(', ');
    const distinct = scd ? `count(DISTINCT (${keys}))` : 'count(*)';
    const result = await connection.runAndReadAll(
      `SELECT count(*)::BIGINT, ${distinct}::BIGINT FROM (${live})${where}`,
    );
    const [rows, distinctKeys] = result.getRows()[0] ?? [];
    return { rows: Number(rows), keys: Number(distinctKeys) };
  });
}

import { isScd, OffloadError } from '@lance-offload/base';
import { duckdbLimits, quoteIdentifier, withDuckDB } from '@lance-offload/delta';
import { maxCursorSql } from '../plan/cursor-value.ts';
import { nullKeyError, requiredColumns } from '../plan/null-keys.ts';
import { NO_OUTCOMES, type RowOutcomes } from '../commit/report.ts';
import { tableState } from '../lake/table-state.ts';
import { mergeAppend } from './append.ts';
import { copyVersions } from './copy-versions.ts';
import type { Merge, MergedRows } from './merge.ts';
import { isFloat, MergeTables, type MergeInput } from './merge-tables.ts';
import { readRemoved } from './removed-rows.ts';
import { mergeScd1 } from './scd1.ts';
import { mergeScd2 } from './scd2.ts';

/** What DuckDB may hold of keys, sequences and hashes; the rest is spilled. */
const MERGE_MEMORY = '400MB';
const SHOWN_ROWS = 5;

/** The last look at keys: a server's filter may have missed what the plan looked for. */
async function refuseNullKeys(tables: MergeTables): Promise<void> {
  const { plan } = tables.input;
  const columns = requiredColumns(plan).map((name) => `r.${quoteIdentifier(name)}`);
  if (columns.length === 0 || tables.runFiles.length === 0) return;
  const shown = Object.fromEntries(columns.map((column, index) => [`c${index}`, `${column}::VARCHAR`]));
  const rows = tables.values(tables.runFiles, { id: 'r._rowid', ...shown }, [
    ...requiredColumns(plan),
    '_rowid',
  ]);
  const where = requiredColumns(plan)
    .map(
      (name, index) =>
        `${columns[index]} IS NULL${isFloat(tables.typeOf(name)) ? ` OR isnan(${columns[index]})` : ''}`,
    )
    .join(' OR ');
  const found = await tables.connection.runAndReadAll(
    `SELECT *, count(*) OVER ()::BIGINT AS total FROM (${rows} WHERE ${where}) ORDER BY id LIMIT ${SHOWN_ROWS}`,
  );
  const sample = found.getRows().map((row) => row.map((value) => String(value)));
  if (sample.length === 0) return;
  const names = requiredColumns(plan);
  const words = sample.map(([id = '', ...values]) => {
    const pairs = names.map((name, index) => `${name}=${values[index] ?? 'null'}`);
    return `_rowid ${id} (${pairs.join(', ')})`;
  });
  throw nullKeyError(plan, Number(sample[0]?.at(-1)), words);
}

/**
 * The lake may have gone on since the run was planned, where a run was cancelled while its commit was under way: then
 * rows would come in twice, or keys be deleted that are younger than the run.
 */
function refuseOvertaken({ plan, snapshot }: MergeInput): void {
  const state = tableState(snapshot);
  if (!state) return;
  const { runId, table, sourceVersion, cursorFrom, changedSince, incarnation } = plan;
  const { sourceVersion: held = 0, cursor } = state;
  // Versions of a table that was made anew count from 1 again, and go before all those of the old one.
  const overtaken =
    incarnation !== state.incarnation
      ? incarnation < state.incarnation
      : isScd(plan.ingestionType)
        ? sourceVersion < held
        : (cursorFrom !== undefined && cursorFrom !== cursor) ||
          (changedSince !== undefined && changedSince !== held);
  if (!overtaken) return;
  const from = cursorFrom === undefined ? '' : `, from the cursor ${cursorFrom} on,`;
  throw new OffloadError(
    'RUN_OVERTAKEN',
    `Run ${runId} is of version ${sourceVersion} of table "${table}"${from} and the lake has gone on to version ${held}${cursor === undefined ? '' : ` and the cursor ${cursor}`}; it can never be published. Cancel it (\`lance-offload cancel ${runId}\`) and start a new one`,
    { table, runId },
  );
}

async function mergeRows(tables: MergeTables): Promise<MergedRows> {
  const { ingestionType } = tables.input.plan;
  if (!isScd(ingestionType)) return mergeAppend(tables);
  await refuseNullKeys(tables);
  await tables.createRunRows();
  await tables.createLakeRows();
  await tables.createSourceKeys();
  return ingestionType === 'SCD_TYPE_1' ? mergeScd1(tables) : mergeScd2(tables);
}

/** The greatest cursor after the run: the window of an incremental run begins at the one before. */
async function cursorAfter(tables: MergeTables): Promise<string | undefined> {
  const { cursorField, cursorFrom } = tables.input.plan;
  if (cursorField === undefined || tables.runFiles.length === 0) return cursorFrom;
  const max = maxCursorSql(tables.typeOf(cursorField), `r.${quoteIdentifier(cursorField)}`);
  const result = await tables.connection.runAndReadAll(
    tables.values(tables.runFiles, { cursor: max }, [cursorField]),
  );
  const greatest: unknown = result.getRowsJson()[0]?.[0];
  return typeof greatest === 'string' ? greatest : cursorFrom;
}

/** Every row the run has read is accounted for; anything else is a defect of the merge. */
function assertComplete(
  { plan }: MergeInput,
  { inserted, updated, unchanged, late, superseded }: RowOutcomes,
): void {
  const accounted = inserted + updated + unchanged + late + superseded;
  if (accounted !== plan.sourceRows)
    throw new Error(`the merge of ${plan.runId} accounts for ${accounted} of ${plan.sourceRows} rows`);
}

/** What to say of ties, for the report. */
export function tieNotes(ties: number): string[] {
  if (ties === 0) return [];
  return [
    `${ties} ${ties === 1 ? 'key has' : 'keys have'} different rows at one sequence: of those in the run the greatest row hash counts, and it takes the place of the lake's; use a finer sequence_by where that matters`,
  ];
}

/**
 * Merges a staged run into a table: decides which of its rows count, which rows of the lake they end, and what is gone.
 * Reads keys, sequences and row hashes only; wide columns are touched for versions that SCD_TYPE_2 closes. Publishes
 * nothing: what it writes are files no log entry names yet.
 *
 * @param deltaVersion the version the run is to become.
 * @throws OffloadError `KEY_NULL`, `LAKE_UNAVAILABLE`; `RUN_OVERTAKEN` where the lake has gone beyond the run's plan.
 */
export async function mergeRun(input: MergeInput, deltaVersion: number): Promise<Merge> {
  const { plan } = input;
  refuseOvertaken(input);
  if (!isScd(plan.ingestionType) && plan.cursorField === undefined && !input.repeats) {
    const outcomes = { ...NO_OUTCOMES, inserted: plan.sourceRows };
    return { outcomes, deleted: new Map(), closed: [], cursor: undefined, expectedRows: plan.sourceRows };
  }
  return withDuckDB({ limits: duckdbLimits(MERGE_MEMORY) }, async (connection) => {
    const tables = await MergeTables.open(input, connection);
    const { outcomes, expectedRows } = await mergeRows(tables);
    assertComplete(input, outcomes);
    const closed = plan.ingestionType === 'SCD_TYPE_2' ? await copyVersions(tables, deltaVersion) : [];
    const cursor = await cursorAfter(tables);
    return { outcomes, expectedRows, deleted: await readRemoved(tables), closed, cursor };
  });
}

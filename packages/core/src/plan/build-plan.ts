import type { PlanJob } from '../jobs/payloads.ts';
import { readSnapshot } from '../lake/delta-log.ts';
import type { Staging } from '../lake/staging.ts';
import { tableState } from '../lake/table-state.ts';
import type { LanceClient } from '../lancedb/client.ts';
import { OffloadError } from '../errors/offload-error.ts';
import { OPTION_DEFAULTS } from '../config/table-options.ts';
import { planColumns } from './columns.ts';
import { continueFrom } from './continuation.ts';
import { lakeSchemaOf, mergeSchemas, writeTypes } from './lake-schema.ts';
import { measureSearch } from './measure-search.ts';
import { refuseInexactKeys } from './inexact-keys.ts';
import { refuseNullKeys } from './null-keys.ts';
import { readTrackedRows } from './row-versions.ts';
import { bytesPerRow, rowsPerPage } from './page-size.ts';
import { FORMAT_VERSION, queryFilterOf, selectionOf, type RunPlan } from './run-plan.ts';
import { showSearch } from './search.ts';
import { schemaChanges, showSchemaChange, type SchemaChange } from './schema-changes.ts';

export interface PlanDeps {
  readonly source: LanceClient;
  readonly staging: Staging;
  readonly pageBytes: number;
  /** Name and version of the program, kept in plan and log. */
  readonly createdBy: string;
}

/** A plan, whether the lake holds just that already, and what it would change of the lake table's columns. */
export interface PlannedRun {
  readonly plan: RunPlan;
  readonly unchanged: boolean;
  readonly schemaChanges: readonly SchemaChange[];
}

/** DuckDB and most catalogs take `Docs` and `docs` for one name. */
async function refuseCaseTwin(destination: string, staging: Staging): Promise<void> {
  const twin = (await staging.listTables()).find(
    (name) => name !== destination && name.toLowerCase() === destination.toLowerCase(),
  );
  if (twin === undefined) return;
  throw new OffloadError(
    'CONFIG_INVALID',
    `The lake has a table "${twin}", which differs from "${destination}" in case only; set destination_table`,
    { table: destination },
  );
}

type Sized = Pick<RunPlan, 'sourceRows' | 'sweepRows' | 'rowsPerPage' | 'estimatedBytes' | 'paging'>;

/**
 * Counts what the plan reads. A filter that is joined with a cursor window is first sent alone, so that the server
 * refuses one which only the window makes whole.
 */
async function measure(
  plan: Omit<RunPlan, keyof Sized>,
  { perRow, unordered }: { readonly perRow: number; readonly unordered: boolean },
  { batch_size: batchSize }: PlanJob['options'],
  { source, pageBytes }: PlanDeps,
): Promise<Sized> {
  const { table, sourceVersion: version, filter, deletes } = plan;
  if (filter !== undefined && filter !== queryFilterOf(plan)) await source.countRows(table, version, filter);
  const counted = await source.countRows(table, version, queryFilterOf(plan));
  const sourceRows = Math.max(counted - plan.offset, 0);
  const perPage = rowsPerPage({ rows: sourceRows, bytesPerRow: perRow }, { batchSize, pageBytes });
  const byIds = sourceRows > perPage && (queryFilterOf(plan) !== undefined || unordered);
  return {
    sourceRows,
    sweepRows: deletes === 'sweep' ? await source.countRows(table, version) : 0,
    rowsPerPage: perPage,
    estimatedBytes: perRow * sourceRows,
    paging: byIds ? 'row-ids' : 'offset',
  };
}

/**
 * Plans a run: pins the version, chooses columns, settles how it goes on from the lake, counts rows, cuts pages, and
 * checks types, keys and schema against the lake. Reads only; writes nothing.
 *
 * @throws OffloadError for whatever would make the run fail later: unknown table or column, a type the lake cannot
 *   hold, rows without a key, a lake table that no longer fits, a lake made by a newer version.
 */
export async function buildPlan(job: PlanJob, deps: PlanDeps): Promise<PlannedRun> {
  const { table, options, destination, full, sweepDeletes } = job;
  const { version: sourceVersion, fields } = await deps.source.describe(table, options.version);
  const { columns, droppedColumns, notes, ingestion, search } = planColumns(table, fields, options);
  await refuseCaseTwin(destination, deps.staging);
  const snapshot = await readSnapshot(deps.staging.table(destination));
  const selected = {
    table,
    source: deps.source.url,
    ...(options.filter_expression !== undefined && { filter: options.filter_expression }),
    ...(search && { search }),
    offset: options.offset ?? OPTION_DEFAULTS.offset,
    columns: [...columns],
    withRowId: options.with_row_id ?? OPTION_DEFAULTS.with_row_id,
  };
  const selection = selectionOf(selected);
  const state = tableState(snapshot);
  const tracked =
    ingestion.changeTracking && (await readTrackedRows({ table, sourceVersion }, state, deps.source));
  const {
    unchanged,
    deletes,
    notes: runNotes,
    ...window
  } = continueFrom(
    {
      table,
      sourceVersion,
      ingestion,
      options,
      selection,
      full,
      sweepDeletes,
      tableExists: snapshot !== undefined,
      tracked,
    },
    state,
  );
  const unsized = {
    formatVersion: FORMAT_VERSION,
    createdBy: deps.createdBy,
    runId: job.runId,
    destination,
    startedAtMs: job.startedAtMs,
    sourceVersion,
    ...selected,
    ...ingestion,
    ...window,
    ...(tracked?.sourceVersionAt !== undefined && { sourceVersionAt: tracked.sourceVersionAt }),
    deletes,
    selectsColumns: columns.length < fields.length,
    droppedColumns: [...droppedColumns],
    pageBytes: deps.pageBytes,
    writeTypes: [],
    notes: [],
  } satisfies Omit<RunPlan, keyof Sized>;
  const runSchema = lakeSchemaOf(unsized);
  const merged = mergeSchemas(table, snapshot?.schema, runSchema);
  const changes = schemaChanges(snapshot?.schema, merged, runSchema);
  if (!unchanged) {
    await refuseNullKeys(unsized, deps.source);
    await refuseInexactKeys(unsized, deps.source);
  }
  const perRow = bytesPerRow(columns, fields, await deps.source.stats(table));
  return {
    plan: {
      ...unsized,
      ...(search
        ? await measureSearch(unsized, search, perRow, deps.source)
        : await measure(unsized, { perRow, unordered: state?.unordered ?? false }, options, deps)),
      writeTypes: writeTypes(merged, runSchema),
      notes: [
        ...(search ? [showSearch(search, unsized.filter)] : []),
        ...notes,
        ...runNotes,
        ...changes.map(showSchemaChange),
      ],
    },
    unchanged,
    schemaChanges: changes,
  };
}

import type { PlanJob } from '../jobs/payloads.ts';
import { readSnapshot, type Snapshot } from '../lake/delta-log.ts';
import type { Staging } from '../lake/staging.ts';
import { committedVersion, isUnchanged } from '../lake/table-state.ts';
import type { LanceClient } from '../lancedb/client.ts';
import { OffloadError } from '../errors/offload-error.ts';
import { planColumns } from './columns.ts';
import { lakeSchemaOf, mergeSchemas } from './lake-schema.ts';
import { bytesPerRow, rowsPerPage } from './page-size.ts';
import { FORMAT_VERSION, type RunPlan } from './run-plan.ts';

export interface PlanDeps {
  readonly source: LanceClient;
  readonly staging: Staging;
  readonly pageBytes: number;
  /** Name and version of the program, kept in plan and log. */
  readonly createdBy: string;
}

/** A plan, and whether the lake holds just that already. */
export interface PlannedRun {
  readonly plan: RunPlan;
  readonly unchanged: boolean;
}

function appendNotes(table: string, version: number, snapshot: Snapshot | undefined): string[] {
  const before = committedVersion(snapshot);
  if (before === undefined || before === version) return [];
  return [
    `the lake holds version ${before} of "${table}" already; APPEND_ONLY appends every row of version ${version} beside it (told apart by _run_id)`,
  ];
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

/**
 * Plans a run: pins the version, chooses columns, counts rows, cuts pages, and checks types and schema against the
 * lake. Reads only; writes nothing.
 *
 * @throws OffloadError for whatever would make the run fail later: unknown table or column, a type the lake cannot
 *   hold, a lake table that no longer fits, a lake made by a newer version.
 */
export async function buildPlan(job: PlanJob, deps: PlanDeps): Promise<PlannedRun> {
  const { table, options, destination } = job;
  const { version, fields } = await deps.source.describe(table, options.version);
  const { columns, droppedColumns, notes } = planColumns(table, fields, options);
  const filter = options.filter_expression;
  const counted = await deps.source.countRows(table, version, filter);
  const perRow = bytesPerRow(columns, fields, await deps.source.stats(table));
  const offset = options.offset ?? 0;
  const sourceRows = Math.max(counted - offset, 0);
  await refuseCaseTwin(destination, deps.staging);
  const snapshot = await readSnapshot(deps.staging.paths.table(destination));
  const plan: RunPlan = {
    formatVersion: FORMAT_VERSION,
    createdBy: deps.createdBy,
    runId: job.runId,
    table,
    destination,
    source: deps.source.url,
    startedAtMs: job.startedAtMs,
    ingestionType: options.ingestion_type ?? 'APPEND_ONLY',
    sourceVersion: version,
    sourceRows,
    ...(filter !== undefined && { filter }),
    offset,
    columns: [...columns],
    selectsColumns: columns.length < fields.length,
    droppedColumns: [...droppedColumns],
    withRowId: options.with_row_id ?? false,
    rowsPerPage: rowsPerPage(
      { rows: sourceRows, bytesPerRow: perRow },
      { batchSize: options.batch_size, pageBytes: deps.pageBytes },
    ),
    pageBytes: deps.pageBytes,
    estimatedBytes: perRow * sourceRows,
    notes: [...notes, ...appendNotes(table, version, snapshot)],
  };
  mergeSchemas(table, snapshot?.schema, lakeSchemaOf(plan));
  return { plan, unchanged: isUnchanged(plan, snapshot) };
}

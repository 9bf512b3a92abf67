import { readSnapshot, FORMAT_VERSION, type Snapshot } from '@lance-offload/delta';
import type { LanceClient } from '@lance-offload/lancedb';
import { OffloadError, OPTION_DEFAULTS } from '@lance-offload/base';
import type { PlanJob } from './plan-job.ts';
import type { Staging } from '../stage/staging.ts';
import { tableState, type TableState } from '../lake/table-state.ts';
import { planColumns, type ColumnPlan } from './columns.ts';
import { continueFrom } from './continuation.ts';
import { lakeSchemaOf, mergeSchemas, writeTypes } from './lake-schema.ts';
import { measureSearch } from './measure-search.ts';
import { refuseInexactKeys } from './inexact-keys.ts';
import { refuseNullKeys } from './null-keys.ts';
import { heldTable, identifyTable, type IdentifiedTable, type ReadTable } from './read-identity.ts';
import { proveRowVersions } from './row-versions.ts';
import { committedAt, standsOn } from './stands-on.ts';
import { bytesPerRow, rowsPerPage } from './page-size.ts';
import { queryFilterOf, selectionOf, type RunPlan } from './run-plan.ts';
import { showSearch } from './search.ts';
import { schemaChanges, showSchemaChange, type SchemaChange } from './schema-changes.ts';

export interface PlanDeps {
  readonly source: LanceClient;
  readonly staging: Staging;
  readonly pageBytes: number;
  /** Name and version of the program, kept in plan and log. */
  readonly createdBy: string;
}

/** A plan, and what it would change of the lake table's columns. */
export interface PlannedRun {
  readonly plan: RunPlan;
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
  const { table, sourceVersion: version, filter, deletes, unchanged } = plan;
  const window = unchanged ? filter : queryFilterOf(plan); // an unchanged run reads nothing: it counts what the lake holds
  if (filter !== undefined && filter !== window) await source.countRows(table, version, filter);
  const counted = await source.countRows(table, version, window);
  const sourceRows = Math.max(counted - plan.offset, 0);
  const perPage = rowsPerPage({ rows: sourceRows, bytesPerRow: perRow }, { batchSize, pageBytes });
  const byIds = !unchanged && sourceRows > perPage && (window !== undefined || unordered);
  return {
    sourceRows,
    sweepRows: deletes === 'sweep' && !unchanged ? await source.countRows(table, version) : 0,
    rowsPerPage: perPage,
    estimatedBytes: perRow * sourceRows,
    paging: byIds ? 'row-ids' : 'offset',
  };
}

/** What of a source table a plan selects, beside the columns a selection is compared by. */
function selectionFor(job: PlanJob, { columns, search }: ColumnPlan, source: LanceClient) {
  const { table, options } = job;
  return {
    table,
    source: source.url,
    ...(options.filter_expression !== undefined && { filter: options.filter_expression }),
    ...(search && { search }),
    offset: options.offset ?? OPTION_DEFAULTS.offset,
    columns: [...columns],
    withRowId: options.with_row_id ?? OPTION_DEFAULTS.with_row_id,
  };
}

/** The lake table a plan goes on from, as its last commit left it. */
interface LakeBefore {
  readonly snapshot: Snapshot | undefined;
  readonly state: TableState | undefined;
}

async function readLake(destination: string, staging: Staging): Promise<LakeBefore> {
  await refuseCaseTwin(destination, staging);
  const snapshot = await readSnapshot(staging.table(destination));
  return { snapshot, state: tableState(snapshot) };
}

/** Which table of its name is read, and how its versions follow those of the lake. */
async function identify(
  read: ReadTable,
  { state }: LakeBefore,
  destination: string,
  { source, staging }: PlanDeps,
): Promise<IdentifiedTable & Pick<RunPlan, 'incarnation' | 'madeAnew' | 'versionOffset'>> {
  const held = heldTable(state, await committedAt(destination, state, staging));
  const identified = await identifyTable(read, held, source);
  const madeAnew = identified.judgement.is === 'made anew';
  const { incarnation = 0, versionOffset = 0 } = state ?? {};
  const following = (held?.sourceVersion ?? 0) + versionOffset + 1 - read.sourceVersion;
  return {
    ...identified,
    madeAnew,
    incarnation: madeAnew ? incarnation + 1 : incarnation,
    versionOffset: madeAnew ? Math.max(versionOffset, following) : versionOffset,
  };
}

type Unsized = Omit<RunPlan, keyof Sized>;

/** Decides all of a plan but its size, from the source's table and the lake's. */
async function decide(
  job: PlanJob,
  read: ReadTable,
  columnPlan: ColumnPlan,
  lake: LakeBefore,
  deps: PlanDeps,
): Promise<Unsized> {
  const { table, options, destination, full, sweepDeletes } = job;
  const { ingestion } = columnPlan;
  const { sourceVersion } = read;
  const selected = selectionFor(job, columnPlan, deps.source);
  const identified = await identify(read, lake, destination, deps);
  const { identity, judgement, notes: identityNotes, ...succession } = identified;
  const rowVersions = ingestion.changeTracking && (await proveRowVersions(table, sourceVersion, deps.source));
  const { notes, ...continuation } = continueFrom(
    {
      table,
      sourceVersion,
      ingestion,
      options,
      selection: selectionOf(selected),
      full,
      sweepDeletes,
      tableExists: lake.snapshot !== undefined,
      rowVersions,
      judgement,
    },
    lake.state,
  );
  const deltaVersion = lake.snapshot?.version ?? null;
  return {
    formatVersion: FORMAT_VERSION,
    createdBy: deps.createdBy,
    runId: job.runId,
    destination,
    startedAtMs: job.startedAtMs,
    sourceVersion,
    ...selected,
    ...ingestion,
    ...continuation,
    ...(continuation.unchanged && {
      standsOn: await standsOn(destination, { state: lake.state, deltaVersion }, deps.staging),
    }),
    identity,
    ...succession,
    selectsColumns: columnPlan.columns.length < read.fields.length,
    droppedColumns: [...columnPlan.droppedColumns],
    pageBytes: deps.pageBytes,
    writeTypes: [],
    notes: [...identityNotes, ...notes],
  };
}

/**
 * Plans a run: pins the version, chooses columns, settles how it goes on from the lake, counts rows, cuts pages, and
 * checks types, keys and schema against the lake. Reads only; writes nothing. Whatever is decided here stands in the plan:
 * no later step asks the lake or the source again.
 *
 * @throws OffloadError for whatever would make the run fail later: unknown table or column, a type the lake cannot
 *   hold, rows without a key, a lake table that no longer fits, a lake made by a newer version.
 */
export async function buildPlan(job: PlanJob, deps: PlanDeps): Promise<PlannedRun> {
  const { table, options, destination } = job;
  const { version: sourceVersion, fields } = await deps.source.describe(table, options.version);
  const columnPlan = planColumns(table, fields, options);
  const { search } = columnPlan;
  const lake = await readLake(destination, deps.staging);
  const read = { table, sourceVersion, fields, pinned: options.version !== undefined };
  const unsized = await decide(job, read, columnPlan, lake, deps);
  const runSchema = lakeSchemaOf(unsized);
  const merged = mergeSchemas(table, lake.snapshot?.schema, runSchema);
  const changes = schemaChanges(lake.snapshot?.schema, merged, runSchema);
  if (!unsized.unchanged) {
    await refuseNullKeys(unsized, deps.source);
    await refuseInexactKeys(unsized, deps.source);
  }
  const perRow = bytesPerRow(columnPlan.columns, fields, await deps.source.stats(table));
  return {
    plan: {
      ...unsized,
      ...(search
        ? await measureSearch(unsized, search, perRow, deps.source)
        : await measure(unsized, { perRow, unordered: lake.state?.unordered ?? false }, options, deps)),
      writeTypes: writeTypes(merged, runSchema),
      notes: [
        ...(search ? [showSearch(search, unsized.filter)] : []),
        ...columnPlan.notes,
        ...unsized.notes,
        ...changes.map(showSchemaChange),
      ],
    },
    schemaChanges: changes,
  };
}

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { OffloadError, type TableOptions, type Attempts } from '@lance-offload/base';
import { duckdbLimits, withDuckDB } from '@lance-offload/delta';
import type { Staging } from '@lance-offload/core';
import type { LanceClient } from '@lance-offload/lancedb';
import { compareKeys } from './compare-keys.ts';
import { compareRows } from './compare-rows.ts';
import { createSourceRows, keysIn, type ReadRows } from './compared-rows.ts';
import { Hasher } from './hasher.ts';
import { openLakeTable, type LakeTable } from './lake-table.ts';
import { readLake } from './read-lake.ts';
import { readSource } from './read-source.ts';
import { configurationNotes } from './committed-selection.ts';
import {
  describeSource,
  keysReading,
  rowsReading,
  type Reading,
  type SourceColumns,
} from './source-reads.ts';
import { findingNotes } from './verdict-notes.ts';
import { FAULTS, type Findings, type TableVerdict } from './verdict.ts';

/** What DuckDB may hold of keys, sequences and hashes; the rest is spilled. */
const MEMORY = '400MB';

/** A table to verify, as it is configured. */
export interface VerifyRequest {
  readonly table: string;
  readonly destination: string;
  readonly options: TableOptions;
}

/** How far a verification is. */
export interface VerifyProgress {
  /** `source`: its rows are read; `lake`: those of its files; `keys`: the keys the selection leaves out as well. */
  readonly step: 'source' | 'lake' | 'keys';
  readonly rows: number;
  readonly of: number;
}

export interface VerifyDeps {
  readonly source: LanceClient;
  readonly staging: Staging;
  /** A larger Arrow answer is split. */
  readonly pageBytes: number;
  readonly attempts: Attempts;
  readonly signal: AbortSignal;
  /** How many differences of each kind are named. */
  readonly show: number;
  readonly onProgress: (progress: VerifyProgress) => void;
}

/** A verification under way: a folder for what it reads, a thread, a DuckDB. */
interface Work extends VerifyDeps {
  readonly lake: LakeTable;
  readonly folder: string;
  readonly hasher: Hasher;
  readonly connection: DuckDBConnection;
}

/** Reads of the source into a folder of its own. */
async function readInto(step: 'source' | 'keys', reading: Reading, work: Work): Promise<ReadRows> {
  const folder = path.join(work.folder, step);
  await mkdir(folder);
  const onRows = (rows: number, of: number) => work.onProgress({ step, rows, of });
  return { folder, rows: await readSource({ ...reading, folder }, { ...work, onRows }) };
}

/** Row ids are what tells that pages neither overlap nor repeat themselves. */
async function refuseRepeatedRowIds({ connection, lake }: Work, rows: number): Promise<void> {
  const result = await connection.runAndReadAll('SELECT count(DISTINCT rowid)::BIGINT FROM source_rows');
  const distinct = Number(result.getRows()[0]?.[0]);
  if (distinct === rows) return;
  const { table } = lake.selection;
  const message = `Table "${table}": the ${rows} rows its server counts at version ${lake.sourceVersion} came with ${distinct} distinct row ids`;
  throw new OffloadError('SOURCE_BAD_BODY', message, { table });
}

async function compare(columns: SourceColumns, work: Work): Promise<Findings> {
  const { lake, connection, show, pageBytes } = work;
  const { state, names, selection } = lake;
  const shown = { names, snapshot: lake.snapshot, show };
  if (lake.compares !== 'keys') return compareRows(connection, shown, lake.compares);
  const allKeys = async () =>
    keysIn(await readInto('keys', keysReading(lake, columns, pageBytes), work), names);
  return compareKeys(connection, shown, {
    deletesKnown: state.deletesVersion === lake.sourceVersion,
    incremental: state.cursorField !== undefined || state.changeTracking !== undefined,
    ...((selection.filter !== null || selection.offset > 0) && { allKeys }),
  });
}

/** Runs work with a thread, a DuckDB and a folder; nothing of them remains. */
async function withWork<T>(lake: LakeTable, deps: VerifyDeps, work: (work: Work) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lance-offload-verify-'));
  const hasher = new Hasher();
  try {
    const limits = duckdbLimits(MEMORY);
    return await withDuckDB({ limits }, (connection) => work({ ...deps, lake, folder, hasher, connection }));
  } finally {
    await hasher.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Compares a lake table with its source, both read anew: the source at the version the lake's last commit was of, and the
 * lake's values through its log. Memory is a matter of the page, never of the table; the disk takes some 30 bytes a row.
 *
 * @throws OffloadError `VERSION_GONE` where the source has cleaned that version up, `LAKE_UNAVAILABLE` where the lake has
 *   no such table of ours or a file of it is gone, and whatever the source fails with.
 */
export async function verifyTable(request: VerifyRequest, deps: VerifyDeps): Promise<TableVerdict> {
  const { table, destination, options } = request;
  const lake = await openLakeTable(table, destination, deps.staging);
  const columns = await describeSource(lake, deps.source);
  const limits = { pageBytes: deps.pageBytes, batchSize: options.batch_size };
  const reading = await rowsReading(lake, columns, deps.source, limits);
  return withWork(lake, deps, async (work) => {
    const onRows = (rows: number, of: number) => deps.onProgress({ step: 'lake', rows, of });
    const lakeRows = await readLake(lake, { ...work, onRows });
    const read = await readInto('source', reading, work);
    await createSourceRows(work.connection, lake.names, lake, read);
    await refuseRepeatedRowIds(work, read.rows);
    const findings = await compare(columns, work);
    const { state, selection, ingestionType, sourceVersion, snapshot } = lake;
    return {
      table,
      destination,
      ingestionType,
      sourceVersion,
      deltaVersion: snapshot.version,
      deletesVersion: state.deletesVersion ?? null,
      sourceRows: read.rows,
      lakeRows,
      findings,
      agrees: FAULTS.every((fault) => findings[fault].count === 0),
      notes: [
        ...findingNotes(findings, state, selection),
        ...configurationNotes(state, selection, { options, source: deps.source.url }, columns.fields),
      ],
    };
  });
}

import { createHash } from 'node:crypto';
import * as arrow from 'apache-arrow';
import { OffloadError } from '@lance-offload/base';
import {
  ROW_ID,
  decodeArrowBody,
  arrowTypeOf,
  showLanceType,
  scanQuery,
  type LanceClient,
  type LanceField,
} from '@lance-offload/lancedb';
import type { TableState } from '../lake/table-state.ts';
import type { RunPlan } from './run-plan.ts';
import {
  judgeByCommit,
  judgeByContent,
  judgeByTimes,
  type Judgement,
  type RowSample,
  type TableContent,
  type TableIdentity,
  type VersionTimes,
} from './table-identity.ts';

const SAMPLE_ROWS = 16;
const SAMPLE_BYTES = 2 ** 20;
const SAMPLE_COLUMNS = 32;

/** Codes of a source that does not have, or does not serve, what is asked for. */
const NOT_SERVED: ReadonlySet<string> = new Set(['VERSION_GONE', 'SOURCE_NOT_FOUND', 'SOURCE_REJECTED']);

/** Nothing in place of what the source does not serve. */
async function ifServed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof OffloadError && NOT_SERVED.has(thrown.code)) return undefined;
    throw thrown;
  }
}

/** Narrow columns: no vectors, nothing nested, nothing binary. */
function isNarrow({ type }: LanceField): boolean {
  return arrowTypeOf(type) !== undefined && (type.fields ?? []).length === 0 && !type.type.includes('binary');
}

/** A table at the version that is read. */
export interface ReadTable {
  readonly table: string;
  readonly sourceVersion: number;
  readonly fields: readonly LanceField[];
  /** The version was asked for, and may be older than the latest. */
  readonly pinned: boolean;
}

/** What the lake knows of the table it holds. */
export interface HeldTable {
  readonly sourceVersion: number;
  readonly identity: TableIdentity | undefined;
  /** When the lake's last commit was made; for lakes that kept no identity. */
  readonly committedAtMs: number | undefined;
}

/** What a run says of its table: what the lake is to know of it, and whether it is the one the lake holds. */
export interface IdentifiedTable {
  readonly identity: TableIdentity;
  readonly judgement: Judgement;
  readonly notes: readonly string[];
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Rows of a version by their ids, which there is no order to go by for; of a version nothing is known of, some rows. */
async function sampleRows(
  { table, version }: { readonly table: string; readonly version: number },
  columns: readonly string[],
  ids: readonly string[] | undefined,
  source: LanceClient,
): Promise<RowSample | undefined> {
  if (columns.length === 0 || ids?.length === 0) return undefined;
  const filter = ids && `${ROW_ID} IN (${ids.join(',')})`;
  const query = scanQuery({ version, columns, filter }, { offset: 0, limit: ids?.length ?? SAMPLE_ROWS });
  const signal = new AbortController().signal;
  const body = await ifServed(source.query(table, query, { maxBytes: SAMPLE_BYTES, signal }));
  if (!body) return undefined; // not served, or some value is large: the rest has to do
  const rows = new arrow.Table(decodeArrowBody(body).batches).toArray().map((row: arrow.StructRowProxy) => {
    const { [ROW_ID]: id, ...values } = row.toJSON();
    const text = columns.map((name) => (values[name] === null ? '' : `=${String(values[name])}`));
    return [String(id), hashOf(JSON.stringify(text))] as const;
  });
  source.recycle(body.buffer);
  return { columns: [...columns], rows: Object.fromEntries(rows) };
}

/** @param known a sample to be read again. */
async function readContent(
  { table, version }: { readonly table: string; readonly version: number },
  fields: readonly LanceField[],
  known: RowSample | undefined,
  source: LanceClient,
): Promise<TableContent> {
  const rows = await source.countRows(table, version);
  const columns =
    known?.columns ??
    fields
      .filter(isNarrow)
      .slice(0, SAMPLE_COLUMNS)
      .map(({ name }) => name);
  const there = columns.every((column) => fields.some(({ name }) => name === column));
  const sample =
    rows > 0 && there
      ? await sampleRows({ table, version }, columns, known && Object.keys(known.rows), source)
      : undefined;
  const schema = hashOf(JSON.stringify(fields.map(({ name, type }) => [name, showLanceType(type)])));
  return { schema, rows, ...(sample && { sample }) };
}

/** The content of the version the lake holds; `undefined` where the source has it no more. */
async function contentHeld(
  { table, sourceVersion, fields }: ReadTable,
  held: HeldTable,
  source: LanceClient,
): Promise<TableContent | undefined> {
  const version = held.sourceVersion;
  const then = version === sourceVersion ? { fields } : await ifServed(source.describe(table, version));
  if (!then) return undefined;
  return ifServed(readContent({ table, version }, then.fields, held.identity?.content?.sample, source));
}

async function judge(
  read: ReadTable,
  held: HeldTable,
  times: VersionTimes | undefined,
  source: LanceClient,
): Promise<Judgement> {
  const { sourceVersion: version, identity, committedAtMs } = held;
  const known = identity?.version === version ? identity : undefined; // of another version where another tool wrote it
  if (times) {
    const told = known
      ? judgeByTimes(known, times)
      : committedAtMs === undefined
        ? undefined
        : judgeByCommit(version, committedAtMs, times);
    if (told) return told;
  }
  const content = known?.content && (await contentHeld(read, held, source));
  if (known?.content && content) return judgeByContent(version, known.content, content);
  if (!times && !read.pinned && read.sourceVersion < version)
    return {
      is: 'made anew',
      why: `its latest version is ${read.sourceVersion}, and the lake holds version ${version}`,
    };
  return {
    is: 'not known',
    why: times
      ? `the source has cleaned up version ${version}, which the lake holds`
      : 'the source does not say when its versions were written, and the lake knows nothing else of the one it holds',
  };
}

function identityOf(version: number, times: VersionTimes): TableIdentity {
  const at = times.get(version);
  const first = Math.min(...times.keys());
  const firstAt = times.get(first);
  return {
    version,
    ...(at !== undefined && { at }),
    ...(firstAt !== undefined && first < version && { oldest: { version: first, at: firstAt } }),
  };
}

async function timesOf(table: string, source: LanceClient): Promise<VersionTimes | undefined> {
  const times = await source.versionTimes(table);
  return times && times.size > 0 ? times : undefined;
}

/**
 * Reads what tells the table from another one of its name, and judges whether it is the one the lake holds. Costs one
 * listing of versions; where the source offers none, a count and a query for a few narrow values.
 *
 * @param held `undefined` where the lake has no such table yet.
 */
export async function identifyTable(
  read: ReadTable,
  held: HeldTable | undefined,
  source: LanceClient,
): Promise<IdentifiedTable> {
  const { table, sourceVersion: version, fields } = read;
  const times = await timesOf(table, source);
  const judgement = held
    ? await judge(read, held, times, source)
    : ({ is: 'the same', why: 'it is new to the lake' } as const);
  if (times) return { identity: identityOf(version, times), judgement, notes: [] };
  const content = await readContent({ table, version }, fields, undefined, source);
  const notes = held?.identity?.content
    ? []
    : [
        `the source does not say when the versions of "${table}" were written: a table that is made anew under this name is recognized by its columns, its number of rows and ${SAMPLE_ROWS} of its rows, no more`,
      ];
  return { identity: { version, content }, judgement, notes };
}

/**
 * Makes sure that the version a plan has pinned is still the same table's.
 *
 * @throws OffloadError `VERSION_GONE` where the table was made anew since it was planned.
 */
export async function refuseMadeAnew(
  { table, sourceVersion, identity, runId }: Pick<RunPlan, 'table' | 'sourceVersion' | 'identity' | 'runId'>,
  source: LanceClient,
): Promise<void> {
  if (!identity) return; // planned by a release that did not ask
  const told = await judgeAgain({ table, sourceVersion, identity, committedAtMs: undefined }, source);
  if (told?.is !== 'made anew') return;
  throw new OffloadError(
    'VERSION_GONE',
    `Table "${table}" was dropped and made anew at the source since run ${runId} was planned: ${told.why}; nothing was published`,
    { table, runId },
  );
}

/** What tells now of a version that was read before; `undefined` where nothing does. */
export async function judgeAgain(
  { table, sourceVersion, identity, committedAtMs }: HeldTable & { readonly table: string },
  source: LanceClient,
): Promise<Judgement | undefined> {
  const times = await timesOf(table, source);
  if (identity?.version !== sourceVersion)
    return times && committedAtMs !== undefined
      ? judgeByCommit(sourceVersion, committedAtMs, times)
      : undefined;
  if (times) return judgeByTimes(identity, times);
  if (!identity.content) return undefined;
  const { fields } = await source.describe(table, sourceVersion);
  const now = await readContent({ table, version: sourceVersion }, fields, identity.content.sample, source);
  return judgeByContent(sourceVersion, identity.content, now);
}

/** As `TableState` has it, with the time of the last commit. */
export function heldTable(
  state: TableState | undefined,
  committedAtMs: number | undefined,
): HeldTable | undefined {
  if (state?.sourceVersion === undefined) return undefined;
  return { sourceVersion: state.sourceVersion, identity: state.identity, committedAtMs };
}

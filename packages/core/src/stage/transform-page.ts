import * as arrow from 'apache-arrow';
import { OffloadError, dictionaryTypeOf, showType, typeOf, type Data } from '@lance-offload/base/transform';
import {
  decodeArrowBody,
  arrowTypeOf,
  DISTANCE,
  ROW_ID,
  type LanceField,
} from '@lance-offload/lancedb/transform';
import {
  lakeTypeOf,
  arrowTypeOfWide,
  castData,
  fileStats,
  refuseInexact,
  LARGE_ROW_BYTES,
  LARGE_VALUE_BYTES,
  largeNestedRow,
  largeRow,
  writeParquet,
  checksumOf,
  hashBits,
  hashRows,
  type WriteType,
} from '@lance-offload/delta/transform';
import { END_AT, START_AT } from '../lake/validity.ts';

/** What the transform needs to know of the plan. Plain data: it crosses to a thread. */
export interface TransformTask {
  /** The answers to the page's queries, in order. Their buffers are moved, not copied. */
  readonly bodies: readonly Uint8Array[];
  readonly columns: readonly LanceField[];
  readonly runId: string;
  /** Milliseconds since 1970; the run's own time, so that a page staged twice is the same page. */
  readonly offloadedAtMs: number;
  /** SCD_TYPE_2: the column that `__START_AT` repeats, or the source version it holds in every row. */
  readonly startAt?: { readonly column: string } | { readonly version: number };
  /** Columns the lake has in a wider type than the source's. */
  readonly writeTypes?: readonly WriteType[];
  /** The answer to a search: the distance of each row is written, and not hashed: it belongs to the query, not the row. */
  readonly hasDistance?: boolean;
  /** Columns that name or order rows: no value of them may be cut. */
  readonly exact?: readonly string[];
  /** Writes `_row_bits` as well, a hash of each row that tells what `_row_hash` takes for equal: see `hashBits`. */
  readonly hashesBits?: boolean;
  /** The source columns that are written, where not all that are hashed are. */
  readonly written?: readonly string[];
}

/** One Parquet file and what it holds. */
export interface TransformedPage {
  readonly parquet: Uint8Array<ArrayBuffer>;
  readonly rows: number;
  /** Bytes of the Arrow answers, as received. */
  readonly sourceBytes: number;
  /** Delta `add.stats`, JSON text. */
  readonly stats: string;
  readonly checksum: string;
  /** Sum of the rows' `_row_hash`, modulo 2^64, signed, in decimal. */
  readonly rowHashSum: string;
  readonly rowIds: BigUint64Array<ArrayBuffer>;
}

interface Batch {
  readonly rows: number;
  readonly columns: Data[];
  readonly rowIds: BigUint64Array;
}

/** How the source sends a distance (LanceDB REST, "Query a table"): single precision, null where there is none. */
const DISTANCE_COLUMN: LanceField = { name: DISTANCE, nullable: true, type: { type: 'float' } };

function target(column: LanceField, writeTypes: TransformTask['writeTypes']): arrow.Field {
  const type = arrowTypeOf(column.type);
  const lake = type && lakeTypeOf(type);
  if (!lake)
    throw new OffloadError('TYPE_UNSUPPORTED', `Column "${column.name}" has a type the lake cannot hold`, {
      column: column.name,
    });
  const wide = writeTypes?.find((write) => write.column === column.name);
  return new arrow.Field(column.name, wide ? arrowTypeOfWide(wide.type) : lake.arrow, true);
}

/** A type's name without what IPC leaves open: field names inside lists and maps, nullability. */
function shape(type: arrow.DataType): string {
  if (arrow.DataType.isDictionary(type)) return shape(dictionaryTypeOf(type));
  const children: arrow.Field[] = type.children ?? [];
  const name = arrow.Type[type.typeId] ?? '';
  const inner = children.map(
    (child) => (arrow.DataType.isStruct(type) ? `${child.name}:` : '') + shape(typeOf(child)),
  );
  if (arrow.DataType.isFixedSizeList(type)) return `${name}[${type.listSize}]<${inner.join()}>`;
  return children.length > 0 ? `${name}<${inner.join()}>` : showType(type);
}

function checkColumn(column: LanceField, found: arrow.Field | undefined): void {
  const expected = arrowTypeOf(column.type);
  if (!expected) return;
  if (!found)
    throw new OffloadError('SCHEMA_MISMATCH', `The answer lacks column "${column.name}"`, {
      column: column.name,
    });
  const [planned, got] = [shape(expected), shape(typeOf(found))];
  if (planned === got) return;
  throw new OffloadError(
    'SCHEMA_MISMATCH',
    `Column "${column.name}" was planned as ${planned} and came as ${got}`,
    { column: column.name },
  );
}

function castColumn(batch: arrow.RecordBatch, column: LanceField, field: arrow.Field): Data {
  const index = batch.schema.fields.findIndex(({ name }) => name === column.name);
  const data = batch.data.children[index];
  if (!data)
    throw new OffloadError('SCHEMA_MISMATCH', `The answer lacks column "${column.name}"`, {
      column: column.name,
    });
  try {
    return castData(data, typeOf(field));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new OffloadError(
      'TYPE_UNSUPPORTED',
      `Column "${column.name}": ${error.message}`,
      { column: column.name },
      { cause: error },
    );
  }
}

/** @param keepsVersions whether rows are copied when they end, by DuckDB, which takes several times a value to do so. */
function refuseLargeRows(batch: Batch, targets: readonly Target[], keepsVersions: boolean): Batch {
  for (const [index, { column }] of targets.entries()) {
    const data = batch.columns[index];
    if (!data) continue;
    const nested = largeNestedRow(data);
    const row = nested ?? (keepsVersions ? largeRow(data) : undefined);
    if (row === undefined) continue;
    const [bytes, why] =
      nested === undefined
        ? [LARGE_VALUE_BYTES, 'SCD_TYPE_2 copies rows, and can do so up to that size only']
        : [LARGE_ROW_BYTES, 'values inside lists, structs and maps are written up to that size only'];
    const message = `Column "${column.name}" holds ${bytes / 2 ** 20} MiB or more in the row with ${ROW_ID} ${batch.rowIds[row]}; ${why}`;
    throw new OffloadError('TYPE_UNSUPPORTED', message, { column: column.name });
  }
  return batch;
}

function rowIdsOf(batch: arrow.RecordBatch): BigUint64Array {
  const index = batch.schema.fields.findIndex(({ name }) => name === ROW_ID);
  const values: unknown = batch.data.children[index]?.values;
  if (!(values instanceof BigUint64Array))
    throw new OffloadError('SCHEMA_MISMATCH', 'The answer lacks the row ids that were asked for');
  return values.subarray(0, batch.numRows);
}

interface Target {
  readonly column: LanceField;
  readonly field: arrow.Field;
}

function checkExact(batch: arrow.RecordBatch, exact: readonly string[]): void {
  for (const [index, { name }] of batch.schema.fields.entries()) {
    const data = batch.data.children[index];
    if (data && exact.includes(name)) refuseInexact(name, data, rowIdsOf(batch));
  }
}

function castBody(
  body: Uint8Array,
  targets: readonly Target[],
  { exact = [], startAt }: Pick<TransformTask, 'exact' | 'startAt'>,
): Batch[] {
  const { schema, batches } = decodeArrowBody(body);
  const found = new Map(schema.fields.map((field) => [field.name, field]));
  for (const { column } of targets) checkColumn(column, found.get(column.name));
  for (const batch of batches) checkExact(batch, exact);
  return batches.map((batch) => {
    const columns = targets.map(({ column, field }) => castColumn(batch, column, field));
    const cast = { rows: batch.numRows, columns, rowIds: rowIdsOf(batch) };
    return refuseLargeRows(cast, targets, startAt !== undefined);
  });
}

function repeatedText(text: string, length: number): Data {
  const bytes = new TextEncoder().encode(text);
  const data = new Uint8Array(bytes.length * length);
  for (let row = 0; row < length; row++) data.set(bytes, row * bytes.length);
  const valueOffsets = Int32Array.from({ length: length + 1 }, (_, row) => row * bytes.length);
  return arrow.makeData({ type: new arrow.Utf8(), length, nullCount: 0, valueOffsets, data });
}

const OFFLOADED_AT = new arrow.Timestamp(arrow.TimeUnit.MICROSECOND, 'UTC');

/** Fields of the columns every file has behind those of the source; `lineageOf` gives their values. */
const LINEAGE: readonly arrow.Field[] = [
  new arrow.Field('_run_id', new arrow.Utf8(), true),
  new arrow.Field('_offloaded_at', OFFLOADED_AT, true),
  new arrow.Field('_row_hash', new arrow.Int64(), true),
  new arrow.Field(ROW_ID, new arrow.Int64(), true),
];

function lineageOf({ rows: length, rowIds }: Batch, hashes: BigInt64Array, task: TransformTask): Data[] {
  const offloadedAt = new BigInt64Array(length).fill(BigInt(task.offloadedAtMs) * 1000n);
  // A bit pattern below 2^63 reads the same signed; Delta has no unsigned 64-bit integer.
  const signedRowIds = new BigInt64Array(rowIds.buffer, rowIds.byteOffset, length);
  return [
    repeatedText(task.runId, length),
    arrow.makeData({ type: OFFLOADED_AT, length, nullCount: 0, data: offloadedAt }),
    arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: hashes }),
    arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: signedRowIds }),
  ];
}

const ROW_BITS = new arrow.Field('_row_bits', new arrow.Int64(), true);

/** The column `_row_bits`, where it is asked for. */
function bitsOf(
  task: TransformTask,
  fields: readonly arrow.Field[],
  batches: readonly Batch[],
  hashes: readonly BigInt64Array[],
): Column[] {
  if (!task.hashesBits) return [];
  const data = batches.map(({ columns, rows: length }, index) => {
    const bits = hashBits(fields, columns, hashes[index] ?? NO_HASHES);
    return arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: bits });
  });
  return [{ field: ROW_BITS, data }];
}

function repeatedLong(value: number, length: number): Data {
  const data = new BigInt64Array(length).fill(BigInt(value));
  return arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data });
}

/** A column of nulls: open rows have no end. */
function nullsOf(type: arrow.DataType, length: number): Data {
  const builder = arrow.makeBuilder({ type, nullValues: [null] });
  for (let row = 0; row < length; row++) builder.append(null);
  return builder.finish().flush();
}

/** One column of a page: its field, and its values for each record batch. */
interface Column {
  readonly field: arrow.Field;
  readonly data: readonly Data[];
}

/** `__START_AT` and `__END_AT` as they are for rows nothing has succeeded: open from their sequence on. */
function historyOf(
  startAt: TransformTask['startAt'],
  sources: readonly Column[],
  batches: readonly Batch[],
): Column[] {
  if (startAt === undefined) return [];
  const sequence =
    'column' in startAt ? sources.find(({ field }) => field.name === startAt.column) : undefined;
  const type = sequence ? typeOf(sequence.field) : new arrow.Int64();
  const start =
    sequence?.data ??
    batches.map(({ rows }) => repeatedLong('version' in startAt ? startAt.version : 0, rows));
  return [
    { field: new arrow.Field(START_AT, type, true), data: start },
    { field: new arrow.Field(END_AT, type, true), data: batches.map(({ rows }) => nullsOf(type, rows)) },
  ];
}

function joinRowIds(batches: readonly Batch[], rows: number): BigUint64Array<ArrayBuffer> {
  const rowIds = new BigUint64Array(rows);
  let filled = 0;
  for (const batch of batches) {
    rowIds.set(batch.rowIds, filled);
    filled += batch.rows;
  }
  return rowIds;
}

const NO_HASHES = new BigInt64Array(0);

function columnsOf(fields: readonly arrow.Field[], batches: readonly (readonly Data[])[]): Column[] {
  return fields.map((field, index) => ({ field, data: batches.flatMap((batch) => batch[index] ?? []) }));
}

/**
 * Turns a page's Arrow answers into one Parquet file: casts to lake types, adds the lineage columns and the row hash.
 * Pure CPU work, for a thread.
 *
 * @throws OffloadError `SOURCE_BAD_BODY`, `SCHEMA_MISMATCH`, `TYPE_UNSUPPORTED` or `KEY_INEXACT`.
 */
export function transformPage(task: TransformTask): TransformedPage {
  const sent = [...task.columns, ...(task.hasDistance ? [DISTANCE_COLUMN] : [])];
  const targets = sent.map((column) => ({ column, field: target(column, task.writeTypes) }));
  const sourceFields = targets.map(({ field }) => field);
  const hashedFields = sourceFields.slice(0, task.columns.length);
  const batches = task.bodies.flatMap((body) => castBody(body, targets, task));
  const hashes = batches.map((batch) => hashRows(hashedFields, batch.columns, batch.rows));
  const sources = columnsOf(
    sourceFields,
    batches.map(({ columns }) => columns),
  );
  const lineage = columnsOf(
    LINEAGE,
    batches.map((batch, index) => lineageOf(batch, hashes[index] ?? NO_HASHES, task)),
  );
  const kept = sources.filter(({ field }) => task.written?.includes(field.name) ?? true);
  const bits = bitsOf(task, hashedFields, batches, hashes);
  const columns = [...kept, ...lineage, ...historyOf(task.startAt, sources, batches), ...bits];
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const parquet = writeParquet(
    columns.map(({ field }) => field),
    columns.map(({ data }) => data),
    batches.map((batch) => batch.rows),
  );
  const hashSum = hashes.reduce((sum, batch) => batch.reduce((a, b) => a + b, sum), 0n);
  return {
    parquet,
    rows,
    sourceBytes: task.bodies.reduce((sum, body) => sum + body.byteLength, 0),
    // Those of the lineage columns would serve nobody.
    stats: fileStats(
      kept.map(({ field }) => field),
      kept.map(({ data }) => data),
      rows,
    ),
    checksum: checksumOf(parquet),
    rowHashSum: String(BigInt.asIntN(64, hashSum)),
    rowIds: joinRowIds(batches, rows),
  };
}

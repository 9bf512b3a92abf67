import * as arrow from 'apache-arrow';
import { DEFAULT_BATCH_SIZE, SMALL_TABLE_ROWS, typeOf } from '@lance-offload/base';
import { arrowTypeOf, type LanceField } from '@lance-offload/lancedb';

/** Assumed bytes of a value whose size its type does not tell, where the server does not tell the table's size. */
const UNKNOWN_VALUE_BYTES = 64;

/** Bytes a value of this type takes in Arrow, or `undefined` where it depends on the value. */
function fixedBytes(type: arrow.DataType): number | undefined {
  if (arrow.DataType.isFixedSizeList(type)) {
    const item = type.children[0] && fixedBytes(typeOf(type.children[0]));
    return item === undefined ? undefined : item * type.listSize;
  }
  if (arrow.DataType.isStruct(type)) {
    return type.children.reduce<number | undefined>((sum, child) => {
      const bytes = fixedBytes(typeOf(child));
      return sum === undefined || bytes === undefined ? undefined : sum + bytes;
    }, 0);
  }
  if (arrow.DataType.isFixedSizeBinary(type)) return type.byteWidth;
  if (arrow.DataType.isDictionary(type)) return 4;
  if (arrow.DataType.isDecimal(type)) return type.bitWidth / 8;
  if (arrow.DataType.isBool(type)) return 1;
  if (arrow.DataType.isInt(type) || arrow.DataType.isTime(type)) return type.bitWidth / 8;
  if (arrow.DataType.isFloat(type)) return 2 ** (type.precision + 1);
  if (arrow.DataType.isDate(type)) return type.unit === arrow.DateUnit.DAY ? 4 : 8;
  if (arrow.DataType.isTimestamp(type) || arrow.DataType.isDuration(type)) return 8;
  return arrow.DataType.isNull(type) ? 0 : undefined;
}

function sizes(columns: readonly LanceField[]): { fixed: number; variable: number } {
  const bytes = columns.map(({ type }) => {
    const known = arrowTypeOf(type);
    return known && fixedBytes(known);
  });
  return {
    fixed: bytes.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    variable: bytes.filter((value) => value === undefined).length,
  };
}

/**
 * Estimate of the Arrow bytes of one row. Fixed-width columns are exact; the others share what the table's size on
 * disk leaves, in proportion to their number.
 */
export function bytesPerRow(
  selected: readonly LanceField[],
  all: readonly LanceField[],
  stats: { readonly total_bytes: number; readonly num_rows: number } | undefined,
): number {
  const [mine, table] = [sizes(selected), sizes(all)];
  const perRow = stats && stats.num_rows > 0 ? stats.total_bytes / stats.num_rows : 0;
  const rest = Math.max(perRow - table.fixed, 0);
  const perVariable =
    table.variable > 0 && rest > 0
      ? Math.max(rest / table.variable, UNKNOWN_VALUE_BYTES)
      : UNKNOWN_VALUE_BYTES;
  return Math.max(1, Math.ceil(mine.fixed + mine.variable * perVariable));
}

/** Rows per page: `batch_size`, or a default by the table's size, and never more than fit `pageBytes`. */
export function rowsPerPage(
  table: { readonly rows: number; readonly bytesPerRow: number },
  limits: { readonly batchSize?: number | undefined; readonly pageBytes: number },
): number {
  const { smallTable, largeTable } = DEFAULT_BATCH_SIZE;
  const wanted = limits.batchSize ?? (table.rows <= SMALL_TABLE_ROWS ? smallTable : largeTable);
  return Math.max(1, Math.min(wanted, Math.floor(limits.pageBytes / table.bytesPerRow)));
}

import * as arrow from 'apache-arrow';
import { OffloadError, dictionaryTypeOf } from '@lance-offload/base';
import { floorDivide, duckdbTypeOf, quoteText, lakeTypeOf, type DeltaType } from '@lance-offload/delta';
import { arrowTypeOf, showLanceType, type LanceField } from '@lance-offload/lancedb';

const { DataType } = arrow;

const isText = (type: arrow.DataType) => DataType.isUtf8(type) || DataType.isLargeUtf8(type);

/** Whether a column of this source type can be a cursor: exactly comparable, and the lake keeps its order. */
export function isCursorType(type: arrow.DataType): boolean {
  if (DataType.isDictionary(type)) return isText(dictionaryTypeOf(type));
  if (DataType.isDecimal(type)) return lakeTypeOf(type) !== undefined;
  return (
    DataType.isInt(type) ||
    DataType.isFloat(type) ||
    isText(type) ||
    DataType.isDate(type) ||
    DataType.isTimestamp(type)
  );
}

/**
 * A DuckDB aggregate: the greatest value of a lake column as VARCHAR, NULL where there is none.
 *
 * Every text is one that `CAST` reads back to the same value, and that fits the type after a widening too. So a float is
 * written as the double it is (0.7 as a float is less than 0.7 as a double); NaN and the infinities are no values to go on
 * from, since nothing would ever come after them; an instant is ISO 8601 in UTC, whatever TimeZone says. Years beyond four digits have as many as they need.
 */
export function maxCursorSql(lake: DeltaType, expression: string): string {
  const max = `max(${expression})`;
  if (lake === 'float' || lake === 'double')
    return `CAST(CAST(${max} FILTER (WHERE isfinite(${expression})) AS DOUBLE) AS VARCHAR)`;
  if (lake === 'date') return `strftime(${max}, '%Y-%m-%d')`;
  if (lake === 'timestamp_ntz') return `strftime(${max}, '%Y-%m-%dT%H:%M:%S.%f')`;
  if (lake === 'timestamp') {
    const utc = `strftime(make_timestamp(epoch_us(${max})), '%Y-%m-%dT%H:%M:%S.%fZ')`;
    return `CASE WHEN isfinite(${max}) THEN ${utc} ELSE CAST(${max} AS VARCHAR) END`;
  }
  return `CAST(${max} AS VARCHAR)`;
}

/** A text of `maxCursorSql` as a DuckDB literal of the lake column's type. */
export function cursorDuckdbLiteral(lake: DeltaType, text: string): string {
  // DuckDB's parser ends a statement at a NUL.
  const literal = text.split('\0').map(quoteText).join(' || chr(0) || ');
  return `CAST(${literal} AS ${duckdbTypeOf(lake)})`;
}

/** Whether a LanceDB filter can hold a column's name. */
export const canBeFiltered = (name: string): boolean => name !== '' && !/[.`]/.test(name);

/**
 * A column's name in a LanceDB filter: between back-quotes, which keep its case. Double quotes make a text.
 *
 * @throws OffloadError `CONFIG_INVALID` for a name that no filter can hold: LanceDB reads dots and back-quotes inside a
 *   name as a path into structs (docs.lancedb.com/search/filtering; for back-quotes seen on the engine, 0.39).
 */
export function quoteSourceColumn(name: string): string {
  if (canBeFiltered(name)) return `\`${name}\``;
  throw new OffloadError(
    'CONFIG_INVALID',
    `LanceDB cannot filter by the column ${JSON.stringify(name)}: a dot, a back-quote or an empty name has no place in its filters; rename the column at the source, or use another`,
    { column: name },
  );
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INT32_MAX = 2 ** 31 - 1;
const US_PER_DAY = 86_400_000_000n;
const DAYS_PER_400_YEARS = 146_097;

/** Days since 1970 of a date of the proleptic Gregorian calendar, in any year: JavaScript's dates end in 275760. */
function daysOf(year: number, month: number, day: number): number {
  const cycle = Math.floor(year / 400);
  return Date.UTC(year - cycle * 400 + 2000, month - 1, day) / 86_400_000 + (cycle - 5) * DAYS_PER_400_YEARS;
}

const MOMENT = /^(-?\d+)-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)\.(\d{6})Z?)?$/;

/** Days and microseconds since 1970 of a date or timestamp; `undefined` for what is neither. */
function momentOf(text: string): { days: number; us: bigint } | undefined {
  // DuckDB's name for the greatest and, but for one, the least value a Parquet column can hold.
  if (text === 'infinity') return { days: INT32_MAX, us: INT64_MAX };
  if (text === '-infinity') return { days: -INT32_MAX, us: -INT64_MAX };
  const parts = MOMENT.exec(text)?.slice(1);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, fraction = 0] = parts.map((part) =>
    Number(part ?? 0),
  );
  const days = daysOf(year, month, day);
  const seconds = (hour * 60 + minute) * 60 + second;
  return { days, us: BigInt(days) * US_PER_DAY + BigInt(seconds) * 1_000_000n + BigInt(fraction) };
}

/** Arrow reads years of four digits from text; others are given as a number. */
const hasPlainYear = (text: string) => /^\d{4}-/.test(text);

function dateLiteral(text: string): string | undefined {
  const days = momentOf(text)?.days;
  if (days === undefined) return undefined;
  return hasPlainYear(text) ? `date ${quoteText(text)}` : `CAST(CAST('${days}' AS int) AS date)`;
}

const UNITS = {
  [arrow.TimeUnit.SECOND]: { name: 'Second', digits: 0, perSecond: 1n },
  [arrow.TimeUnit.MILLISECOND]: { name: 'Millisecond', digits: 3, perSecond: 1000n },
  [arrow.TimeUnit.MICROSECOND]: { name: 'Microsecond', digits: 6, perSecond: 1_000_000n },
  [arrow.TimeUnit.NANOSECOND]: { name: 'Nanosecond', digits: 9, perSecond: 1_000_000_000n },
};

/**
 * In the column's own unit, so that the engine casts the literal's text and never the column, whose values may not fit
 * another unit. What is at or after a microsecond is at or after its first nanosecond.
 */
function timestampLiteral({ unit, timezone }: arrow.Timestamp, text: string): string | undefined {
  const us = momentOf(text)?.us;
  if (us === undefined) return undefined;
  const { name, digits, perSecond } = UNITS[unit];
  const exact = us * perSecond;
  const rounded = -floorDivide(-exact, 1_000_000n);
  const value = rounded < INT64_MIN ? INT64_MIN : rounded > INT64_MAX ? INT64_MAX : rounded;
  const plain = hasPlainYear(text) && value * 1_000_000n === exact;
  const zoned = typeof timezone === 'string' && timezone !== '';
  const wall = quoteText(text.replace('T', ' ').replace('Z', ''));
  // A literal without a zone, which `timestamp '…'` is even where its text has one, is taken for the wall clock of the
  // column's zone: in any but UTC it would be another instant, and hours of rows could be missing.
  if (plain && (!zoned || timezone === 'UTC')) return `timestamp(${digits}) ${wall}`;
  if (!zoned) return `CAST(CAST('${value}' AS bigint) AS timestamp(${digits}))`;
  const type = quoteText(`Timestamp(${name}, Some("${timezone}"))`);
  return `arrow_cast(${plain ? quoteText(text) : `CAST('${value}' AS bigint)`}, ${type})`;
}

/** Wide enough for the text, which may be of a wider type the lake has, and for the column. */
function decimalLiteral(precision: number, scale: number, text: string): string | undefined {
  const [, whole, fraction = ''] = /^-?(\d*)\.?(\d*)$/.exec(text) ?? [];
  if (whole === undefined || whole + fraction === '') return undefined;
  const places = Math.max(scale, fraction.length);
  const digits = Math.max(precision - scale, whole.replace(/^0+/, '').length);
  return `decimal(${digits + places},${places}) ${quoteText(text)}`;
}

function floatLiteral(text: string): string | undefined {
  if (!/^-?inf$/.test(text) && !(text.trim() !== '' && Number.isFinite(Number(text)))) return undefined;
  // Engines that compare floats by their bits sort -0.0 before 0.0: the lesser one takes in both.
  return `CAST(${quoteText(Number(text) === 0 ? '-0.0' : text)} AS double)`;
}

/** The value as the engine's literal, or `undefined` for a text that is none of the type. */
function sourceLiteral(type: arrow.DataType, text: string): string | undefined {
  if (DataType.isDictionary(type) || isText(type)) return quoteText(text);
  if (DataType.isFloat(type)) return floatLiteral(text);
  if (DataType.isDate(type)) return dateLiteral(text);
  if (DataType.isTimestamp(type)) return timestampLiteral(type, text);
  if (DataType.isDecimal(type)) return decimalLiteral(type.precision, type.scale, text);
  if (DataType.isInt(type) && !type.isSigned && type.bitWidth === 64) return decimalLiteral(20, 0, text);
  // A bare number would have to fit the column, and the least int64 is none to the engine.
  return /^-?\d+$/.test(text) ? `CAST('${text}' AS bigint)` : undefined;
}

/**
 * The LanceDB filter for the rows at or after a cursor value, or without one: inclusive, so that rows written at the last
 * value after the last run are not lost. A NaN counts as no value; engines sort it last, or first where its sign is set.
 * Literals are of the forms that docs.lancedb.com/search/filtering lists, its DataFusion functions among them.
 *
 * @param text a text of `maxCursorSql`, of the lake's type or one it was widened from.
 * @throws OffloadError `CONFIG_INVALID` where the column cannot be a cursor, or the text is no value of it.
 */
export function cursorWindowSql(field: LanceField, text: string): string {
  const column = quoteSourceColumn(field.name);
  const type = arrowTypeOf(field.type);
  const literal = type && isCursorType(type) ? sourceLiteral(type, text) : undefined;
  if (!type || literal === undefined)
    throw new OffloadError(
      'CONFIG_INVALID',
      `The cursor ${JSON.stringify(text)} of the lake is no value that the column "${field.name}" (${showLanceType(field.type)}) can be compared with; read everything again with --full, or set another cursor_field`,
      { column: field.name },
    );
  const noNumber = DataType.isFloat(type) ? ` OR isnan(${column})` : '';
  return `(${column} >= ${literal} OR ${column} IS NULL${noNumber})`;
}

import * as arrow from 'apache-arrow';
import { z } from 'zod';
import { deltaField, type DeltaField, type DeltaType } from './lake-type.ts';

/** Key of a field's metadata that holds the types it had (Delta PROTOCOL.md, "Type Widening": "Type Change Metadata"). */
const TYPE_CHANGES = 'delta.typeChanges';

/** A column whose values are written in a wider type than their own, because the lake's column has it. */
export const writeTypeSchema = z.object({ column: z.string(), type: z.string() });
export type WriteType = z.output<typeof writeTypeSchema>;

const INTEGERS = ['byte', 'short', 'integer', 'long'];

function decimalOf(type: string): { precision: number; scale: number } | undefined {
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(type) ?? [];
  return precision === undefined ? undefined : { precision: Number(precision), scale: Number(scale) };
}

/**
 * Whether every value of one type is a value of another, by the changes that Delta makes without being told (PROTOCOL.md,
 * "Type Widening"): byte → short → integer → long, float → double, and a decimal with at least as many digits on either
 * side of its point. Delta's documentation keeps integers to decimals or doubles for `ALTER TABLE`.
 */
export function isWidening(from: DeltaType, to: DeltaType): boolean {
  if (typeof from !== 'string' || typeof to !== 'string') return false;
  if (from === 'float') return to === 'double';
  const [narrow, wide] = [decimalOf(from), decimalOf(to)];
  if (narrow && wide) {
    const digits = wide.precision - narrow.precision;
    const places = wide.scale - narrow.scale;
    return digits > 0 && places >= 0 && digits >= places;
  }
  return INTEGERS.includes(from) && INTEGERS.indexOf(to) > INTEGERS.indexOf(from);
}

const typeChangesSchema = z.array(z.object({ fromType: z.string(), toType: z.string() })).catch([]);

/** The types a column had before, oldest first, each with what it became. */
function typeChangesOf({ metadata }: DeltaField): z.output<typeof typeChangesSchema> {
  return typeChangesSchema.parse(metadata[TYPE_CHANGES]);
}

/** A lake column in the wider type its source has now, which the column's history tells readers of older files. */
export function widenField(before: DeltaField, now: DeltaField): DeltaField {
  const change = { fromType: before.type, toType: now.type };
  const metadata: Record<string, unknown> = {
    ...before.metadata,
    ...now.metadata,
    [TYPE_CHANGES]: [...typeChangesOf(before), change],
  };
  // The one value in a field's metadata that is neither text nor number, and is read nowhere but here.
  return deltaField(before.name, now.type, metadata as DeltaField['metadata']);
}

/** Whether a column had another type before. */
export function wasWidened(field: DeltaField): boolean {
  return typeChangesOf(field).length > 0;
}

/** Whether files from before a column was widened have a type that lies less dense: floats, decimals of fewer places. */
export function wasCoarser(field: DeltaField): boolean {
  return typeChangesOf(field).some(
    ({ fromType, toType }) => fromType === 'float' || decimalOf(fromType)?.scale !== decimalOf(toType)?.scale,
  );
}

/** The Arrow type that is written as Parquet for a type of `WriteType`: one that `isWidening` leads to. */
export function arrowTypeOfWide(type: string): arrow.DataType {
  const decimal = decimalOf(type);
  if (decimal) return new arrow.Decimal(decimal.scale, decimal.precision, 128);
  if (type === 'double') return new arrow.Float64();
  if (type === 'short') return new arrow.Int16();
  if (type === 'integer') return new arrow.Int32();
  if (type === 'long') return new arrow.Int64();
  throw new TypeError(`no type is widened to ${type}`);
}

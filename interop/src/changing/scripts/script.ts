import type { DataType } from '../../arrow.ts';
import type { ColumnTypes, Row } from '../arrow-rows.ts';
import type { ChangingTable, Selection } from '../changing-table.ts';
import type { Model } from '../model.ts';

/** A source table and what happens to it. There is a run of the product after every step. */
export interface Script {
  readonly name: string;
  /** Its entry in offload.yaml. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Columns at the beginning. */
  readonly columns: ColumnTypes;
  readonly model: Model;
  /** Under SCD_TYPE_2, the type of the bounds. */
  readonly bounds?: DataType;
  /** Conditions on the lake's rows that let a reader leave files out by their statistics. */
  readonly filters: readonly Selection[];
  /** Columns of lists whose nulls are counted by DuckDB: ClickHouse has none. */
  readonly nullsInViews?: readonly string[];
  /** Whether the lake's rows, or its open ones, are those of the source after the last step. */
  readonly mirrorsSource: boolean;
  readonly steps: readonly ((table: ChangingTable) => Promise<void>)[];
}

/** Options of the runs, one for each step of every script. */
export const RUNS = [[], [], [], ['--sweep-deletes'], ['--full']] as const;

/** The rows `make` gives for `count` numbers from `from` on. */
export function rowsOf(count: number, make: (index: number) => Row, from = 0): Row[] {
  return Array.from({ length: count }, (_, index) => make(from + index));
}

/** A number below `limit` that looks like chance and is not (Knuth, TAOCP 6.4: multiplicative hashing). */
export function scattered(index: number, limit: number): number {
  return Math.floor(((Math.imul(index + 1, 2_654_435_761) >>> 0) / 2 ** 32) * limit);
}

/** Four floats, -0 among them. */
export function vectorFor(index: number): number[] {
  return [index, -0, scattered(index, 1000) / 8, -index / 2];
}

/** 22 November 2026, 10:15 UTC, plus so many seconds; in microseconds. */
export function secondsAfterStart(seconds: number): bigint {
  return 1_795_342_500_000_000n + BigInt(Math.round(seconds * 1000)) * 1000n;
}

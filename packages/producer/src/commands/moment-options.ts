import type { createViews } from '@lance-offload/core';
import { InvalidArgumentError, Option } from 'commander';

/** Which version of each table a query reads. */
export type Moment = NonNullable<Parameters<typeof createViews>[2]>;
type Versions = Extract<Moment, { version: number } | { versions: unknown }>;

export interface MomentOptions {
  readonly version?: Versions;
  readonly timestamp?: number;
}

const DAY = /^\d{4}-\d{2}-\d{2}/;
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** `2` for all tables, or `people=2` for one; the option may be given once for each table. */
function parseVersion(text: string, previous: Versions | undefined): Versions {
  const [, table, digits = ''] = /^(?:(.+)=)?(.*)$/s.exec(text) ?? [];
  const version = /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isSafeInteger(version)) {
    throw new InvalidArgumentError('Give a version as a whole number from 0, or a table’s as table=number.');
  }
  if (table === undefined) {
    if (previous) throw new InvalidArgumentError('One number for all tables cannot be given beside others.');
    return { version };
  }
  if (previous && 'version' in previous)
    throw new InvalidArgumentError('One number for all tables cannot be given beside others.');
  if (previous?.versions.has(table)) throw new InvalidArgumentError(`Table "${table}" is named twice.`);
  return { versions: new Map([...(previous?.versions ?? []), [table, version]]) };
}

/** An ISO 8601 date, for its start in UTC, or an instant with its zone; as milliseconds since 1970. */
export function parseTimestamp(text: string): number {
  const [day = ''] = DAY.exec(text) ?? [];
  const start = Date.parse(`${day}T00:00:00Z`);
  // Date.parse takes the 30th of February for the 2nd of March.
  const isDay = !Number.isNaN(start) && new Date(start).toISOString().startsWith(day);
  const ms = isDay && INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError(
      'Give a date (2026-11-22) or an instant with its zone (2026-11-22T10:15:00Z).',
    );
  }
  return ms;
}

/** The options that read the lake as it was. */
export function momentOptions(): Option[] {
  return [
    new Option(
      '--version <[table=]number>',
      'read all tables at this Delta version, or one table and the others at their latest; repeatable for tables',
    ).argParser(parseVersion),
    new Option('--timestamp <time>', 'read all tables as of a date or an instant (ISO 8601)')
      .argParser(parseTimestamp)
      .conflicts('version'),
  ];
}

/** The moment that the options ask for, if any. */
export function momentOf({ version, timestamp }: MomentOptions): Moment | undefined {
  return timestamp === undefined ? version : { timestampMs: timestamp };
}

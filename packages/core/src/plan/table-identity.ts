import { z } from 'zod';

const writtenVersion = z.object({ version: z.int().nonnegative(), at: z.string() });

/** A few rows of a version, by their row ids, each with a hash of its narrow columns. */
const rowSample = z.object({ columns: z.array(z.string()), rows: z.record(z.string(), z.string()) });
export type RowSample = z.output<typeof rowSample>;

/**
 * What tells a table from another one of its name. A table that is dropped and made anew counts its versions from 1
 * again, so that name and version number say nothing; when a version was written does. What `describe` says of the place
 * of a table is left out: it stays the same when the table is made anew, and changes when a project is moved.
 */
export const tableIdentitySchema = z.object({
  /** The version all this is about. */
  version: z.int().nonnegative(),
  /** When the source wrote that version, in ISO 8601. */
  at: z.string().optional(),
  /** The oldest version the source listed beside it: there where a later clean-up takes the version itself. */
  oldest: writtenVersion.optional(),
  /** In place of times, where the source lists none. */
  content: z.object({ schema: z.string(), rows: z.int(), sample: rowSample.optional() }).optional(),
});
export type TableIdentity = z.output<typeof tableIdentitySchema>;
export type TableContent = NonNullable<TableIdentity['content']>;

/** When each version that is still there was written, by its number. */
export type VersionTimes = ReadonlyMap<number, string>;

/** Whether the source's table is the one the lake holds; `why` says in a clause what tells. */
export interface Judgement {
  readonly is: 'the same' | 'made anew' | 'not known';
  readonly why: string;
}

/** Clocks of source and lake may differ; a lake that kept no time is told by that of its commit, give or take this. */
const CLOCK_MARGIN_MS = 3_600_000;

const madeAnew = (why: string): Judgement => ({ is: 'made anew', why });
const same = (why: string): Judgement => ({ is: 'the same', why });

/**
 * Judges by the times of versions. A version keeps its number and its time for as long as it is there; numbers and times
 * grow together; and no number is given twice in a table's life.
 *
 * @returns `undefined` where the times do not tell.
 */
export function judgeByTimes(held: TableIdentity, times: VersionTimes): Judgement | undefined {
  const anchors = [...(held.at === undefined ? [] : [{ version: held.version, at: held.at }]), held.oldest];
  for (const anchor of anchors) {
    const now = anchor && times.get(anchor.version);
    if (!anchor || now === undefined) continue;
    if (now === anchor.at) return same(`version ${anchor.version} is the one the lake knows`);
    return madeAnew(
      `its version ${anchor.version} was written at ${now}, and the one the lake knows at ${anchor.at}`,
    );
  }
  const newest = Math.max(...times.keys());
  if (newest < held.version)
    return madeAnew(`its latest version is ${newest}, and the lake holds version ${held.version}`);
  const { at: heldAt } = held;
  const later = [...times].find(
    ([version, at]) => version < held.version && heldAt !== undefined && at > heldAt,
  );
  return (
    later &&
    madeAnew(`its version ${later[0]} was written after version ${held.version}, which the lake holds`)
  );
}

/**
 * Judges a lake that kept no times by the time of its last commit: what that run read had been written before.
 *
 * @returns `undefined` where that does not tell.
 */
export function judgeByCommit(
  heldVersion: number,
  committedAtMs: number,
  times: VersionTimes,
): Judgement | undefined {
  const newest = Math.max(...times.keys());
  if (newest < heldVersion)
    return madeAnew(`its latest version is ${newest}, and the lake holds version ${heldVersion}`);
  const later = [...times].find(
    ([version, at]) => version <= heldVersion && Date.parse(at) > committedAtMs + CLOCK_MARGIN_MS,
  );
  if (later)
    return madeAnew(
      `its version ${later[0]} was written at ${later[1]}, after the lake's last commit (${new Date(committedAtMs).toISOString()})`,
    );
  return times.has(heldVersion)
    ? same(`version ${heldVersion} was written before the lake's last commit`)
    : undefined;
}

/** Judges by what is in the version the lake holds, which nothing but making the table anew can change. */
export function judgeByContent(version: number, held: TableContent, now: TableContent): Judgement {
  if (now.schema !== held.schema)
    return madeAnew(`its version ${version} has other columns than the one the lake holds`);
  if (now.rows !== held.rows)
    return madeAnew(`its version ${version} has ${now.rows} rows, and the one the lake holds ${held.rows}`);
  const known = held.sample?.rows ?? {};
  const other = Object.entries(now.sample?.rows ?? {}).find(([id, hash]) => known[id] !== hash);
  if (other) return madeAnew(`row ${other[0]} of its version ${version} is not the one the lake holds`);
  return same(`columns, number of rows and some rows of version ${version} are those the lake knows`);
}

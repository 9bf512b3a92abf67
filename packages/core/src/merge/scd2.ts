import { hasInfinity, nextAfterSql } from '@lance-offload/delta';
import { versionSequence } from '../plan/run-plan.ts';
import type { MergedRows } from './merge.ts';
import { keyNames, list, sameKey, type MergeTables } from './merge-tables.ts';

/**
 * SCD_TYPE_2: every distinct version of a key, valid from its sequence until the next version or the delete that
 * follows. (Semantics: Databricks AUTO CDC, `STORED AS SCD TYPE 2`.)
 *
 * Versions and deletes of a key are events on one line, ordered by the sequence; a version ends at the event after it.
 * So a late row splits the interval it falls into, and the order in which rows arrive makes no difference.
 */
export async function mergeScd2(tables: MergeTables): Promise<MergedRows> {
  await createVersions(tables);
  await createHistory(tables);
  await createFresh(tables);
  await createGone(tables);
  await createTimeline(tables);
  await createChanges(tables);
  return countOutcomes(tables);
}

/** Of each key and sequence the run's row with the greatest row hash. */
async function createVersions({ connection, input: { plan } }: MergeTables): Promise<void> {
  const keys = list(keyNames(plan));
  const seq = plan.sequenceBy === null ? `${versionSequence(plan)}::BIGINT` : 'seq';
  await connection.run(`CREATE TABLE ranked AS
    SELECT * REPLACE (${seq} AS seq), row_number() OVER (PARTITION BY ${keys}, seq ORDER BY hash DESC, file, "row") AS rank FROM run_rows`);
  await connection.run(`CREATE TABLE versions AS
    SELECT * EXCLUDE (rank), row_number() OVER (PARTITION BY ${keys} ORDER BY seq DESC NULLS LAST) = 1 AS newest
    FROM ranked WHERE rank = 1`);
}

/** What the lake knows of the run's keys; `last` marks a key's last version, `recent` the last one of its sequence. */
async function createHistory({ connection, sequenceType, input: { plan } }: MergeTables): Promise<void> {
  const keys = list(keyNames(plan));
  await connection.run(`CREATE TABLE history AS
    SELECT *, row_number() OVER (PARTITION BY ${keys} ORDER BY start_at DESC NULLS LAST, end_at DESC NULLS FIRST) = 1 AS last,
      row_number() OVER (PARTITION BY ${keys}, seq ORDER BY start_at DESC NULLS LAST, end_at DESC NULLS FIRST) = 1 AS recent,
      lead(start_at) OVER (PARTITION BY ${keys} ORDER BY start_at NULLS FIRST, end_at NULLS LAST) AS next_start
    FROM lake_rows l SEMI JOIN versions v ON ${sameKey(plan, 'l', 'v')}`);
  // The latest moment the data knows: what a delete, which has no sequence of its own, is dated with. Nothing comes after
  // an infinity.
  const latest = (column: string) =>
    hasInfinity(sequenceType) ? `max(${column}) FILTER (WHERE isfinite(${column}))` : `max(${column})`;
  const now =
    plan.sequenceBy === null
      ? `${versionSequence(plan)}::BIGINT`
      : `greatest((SELECT ${latest('seq')} FROM versions), ${latest('start_at')}, ${latest('end_at')})`;
  await connection.run(
    `CREATE TABLE present AS SELECT ${now} AS now, count(*) FILTER (end_at IS NULL) AS open FROM lake_rows`,
  );
}

/**
 * The run's versions that are new to the lake, and when they begin: at their sequence, but for
 * - another content at a sequence the lake has (`replaces`): it takes the place of that version;
 * - a key that comes back although its sequence is before its delete: it begins where the data is now, the gap is kept;
 * - the newer version of such a key whose sequence is still before that (`overtakes`): it begins right after. So does
 *   the row of a table that was made anew, wherever its sequence lies: what the lake has open is another table's.
 * A version the lake has is told by its row hash, since the hash covers the sequence column: the last one of that sequence, because before a
 * delete there may have been another. Where the source's version is the sequence, the hash does not, and a row is compared with the open
 * one only.
 */
async function createFresh({ connection, sequenceType, input: { plan } }: MergeTables): Promise<void> {
  const known = plan.sequenceBy === null ? 'h.end_at IS NULL' : 'h.recent';
  const succeeds = plan.madeAnew
    ? 'v.hash <> l.hash AND (v.seq IS NULL OR v.seq <= l.start_at)'
    : 'v.seq <= l.start_at AND (l.seq IS NULL OR l.seq < v.seq)';
  await connection.run(`CREATE TABLE placed AS
    SELECT v.*, l.start_at AS last_start, l.end_at AS last_end,
      CASE WHEN NOT v.newest OR l.file IS NULL THEN 'usual'
        WHEN l.end_at IS NOT NULL AND (v.seq IS NULL OR v.seq < l.end_at) THEN 'comes back'
        WHEN l.end_at IS NULL AND ${succeeds} THEN 'overtakes'
        ELSE 'usual' END AS place
    FROM versions v LEFT JOIN (SELECT * FROM history WHERE last) l ON ${sameKey(plan, 'v', 'l')}`);
  await connection.run(`CREATE TABLE fresh AS
    SELECT v.*, r.file AS replaces, r."row" AS replaced_row,
      CASE WHEN place = 'comes back' THEN greatest(v.last_end, p.now)
        WHEN place = 'overtakes' THEN coalesce(${nextAfterSql(sequenceType, 'v.last_start')}, v.last_start)
        WHEN r.file IS NOT NULL THEN r.start_at
        ELSE v.seq END AS start_at
    FROM placed v CROSS JOIN present p
    LEFT JOIN (SELECT * FROM history WHERE recent) r
      ON ${sameKey(plan, 'v', 'r')} AND r.seq IS NOT DISTINCT FROM v.seq AND r.hash <> v.hash AND v.place = 'usual'
    WHERE v.place <> 'usual' OR NOT EXISTS (FROM history h WHERE ${sameKey(plan, 'h', 'v')} AND h.hash = v.hash AND ${known})`);
}

/** The open rows of keys that are gone at the source, and when they end; null where nothing says when, or it cannot be said. */
async function createGone({ connection, sequenceType, input: { plan } }: MergeTables): Promise<void> {
  const end = `CASE WHEN l.start_at IS NULL OR p.now > l.start_at THEN p.now ELSE ${nextAfterSql(sequenceType, 'l.start_at')} END`;
  const rows = `SELECT l.file, l."row", l.start_at, ${end} AS end_at FROM lake_rows l CROSS JOIN present p`;
  await connection.run(
    plan.deletes === 'none'
      ? `CREATE TABLE gone AS ${rows} WHERE false`
      : `CREATE TABLE gone AS ${rows} ANTI JOIN source_keys s ON ${sameKey(plan, 'l', 's')} WHERE l.end_at IS NULL`,
  );
}

/** Versions (`kind` 1) and deletes (`kind` 0) of the keys that have something fresh, each with the event after it. */
async function createTimeline({ connection, input: { plan } }: MergeTables): Promise<void> {
  const keys = list(keyNames(plan));
  // Two versions may begin at one moment where one of them was dated by a delete: then the older one's interval is empty.
  const order = `PARTITION BY ${keys} ORDER BY moment NULLS FIRST, kind, seq NULLS FIRST`;
  await connection.run(`CREATE TABLE timeline AS
    WITH touched AS (SELECT h.* FROM history h SEMI JOIN fresh f ON ${sameKey(plan, 'h', 'f')}),
      events AS (
        SELECT ${keys}, 1 AS kind, 'lake' AS origin, seq, file, "row", start_at AS moment, start_at, end_at FROM touched t
          WHERE NOT EXISTS (FROM fresh f WHERE f.replaces = t.file AND f.replaced_row = t."row")
        UNION ALL SELECT ${keys}, 1, CASE WHEN replaces IS NULL THEN 'run' ELSE 'replacement' END, seq, file, "row", start_at, file_start, NULL FROM fresh
        UNION ALL SELECT ${keys}, 0, 'delete', NULL, NULL, NULL, end_at, NULL, NULL FROM touched
          WHERE end_at IS NOT NULL AND (next_start IS NULL OR end_at < next_start))
    SELECT *, lead(moment) OVER (${order}) AS new_end, lag(kind) OVER (${order}) AS before,
      bool_or(origin IN ('lake', 'replacement')) OVER (${order} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS lake_follows
    FROM events`);
}

/**
 * `copies`: versions whose bounds are not those their file has; they are copied, wide columns and all, and the row in
 * their file is removed. For an open row of the run the page file itself is the lake's.
 */
async function createChanges(tables: MergeTables): Promise<void> {
  await tables.connection.run(`CREATE TABLE copies AS
    SELECT file, "row", moment AS start_at, new_end AS end_at FROM timeline
      WHERE kind = 1 AND (new_end IS DISTINCT FROM end_at OR moment IS DISTINCT FROM start_at)
    UNION ALL SELECT file, "row", start_at, end_at FROM gone WHERE end_at IS NOT NULL`);
  await tables.createRemoved(`
    SELECT file, "row" FROM ranked ANTI JOIN fresh USING (file, "row")
    UNION ALL SELECT replaces, replaced_row FROM fresh WHERE replaces IS NOT NULL
    UNION ALL SELECT file, "row" FROM copies
    UNION ALL SELECT file, "row" FROM gone WHERE end_at IS NULL`);
}

async function countOutcomes(tables: MergeTables): Promise<MergedRows> {
  const tally = await tables.tally(`SELECT CASE WHEN origin = 'replacement' THEN 'updated'
      WHEN lake_follows THEN 'late' WHEN before = 1 THEN 'updated' ELSE 'inserted' END, count(*)
    FROM timeline WHERE origin IN ('run', 'replacement') GROUP BY 1`);
  const deleted = await tables.count('gone');
  const superseded = await tables.count('ranked WHERE rank > 1');
  const fresh = await tables.count('fresh');
  const replaced =
    tables.input.plan.sequenceBy === null ? 0 : await tables.count('fresh WHERE replaces IS NOT NULL');
  const outcomes = {
    inserted: tally('inserted'),
    updated: tally('updated'),
    deleted,
    unchanged: (await tables.count('versions')) - fresh,
    late: tally('late'),
    superseded,
    ties: replaced + (await tables.tiesOfRun()),
  };
  const present = await tables.connection.runAndReadAll('SELECT open FROM present');
  return { outcomes, expectedRows: Number(present.getRows()[0]?.[0]) + outcomes.inserted - deleted };
}

import type { DuckDBConnection } from '@duckdb/node-api';
import { keyNames, type RowNames } from './compared-rows.ts';
import { findRows, type Shown } from './find-rows.ts';
import { NO_FINDINGS, type Findings } from './verdict.ts';

/** What of a table's state decides which differences are to be expected. */
export interface KeyRules {
  /** Whether keys that are gone at the source were looked for at the version that is compared. */
  readonly deletesKnown: boolean;
  /** Whether runs read from a cursor on: they then see some of a key's rows only. */
  readonly incremental: boolean;
  /** Where the selection leaves rows out: reads the keys of all rows, and names a relation `(k0, k1, …)` of them. */
  readonly allKeys?: () => Promise<string>;
}

function sameKey(names: RowNames, a: string, b: string): string {
  return keyNames(names)
    .map((key) => `${a}.${key} = ${b}.${key}`)
    .join(' AND ');
}

/** Of each key the source's row that counts (as in `mergeScd1`), and one of the lake's: where there are several, the one that fits. */
async function createWinners(connection: DuckDBConnection, names: RowNames): Promise<void> {
  const keys = keyNames(names).join(', ');
  const ofLake = keyNames(names)
    .map((key) => `l.${key}`)
    .join(', ');
  await connection.run(`CREATE TABLE winners AS
    SELECT ${keys}, seq, hash FROM source_rows
    QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY seq DESC NULLS LAST, hash DESC) = 1`);
  await connection.run(`CREATE TABLE lake_keys AS
    SELECT l.*, count(*) OVER (PARTITION BY ${ofLake}) AS copies
    FROM lake_rows l LEFT JOIN winners w ON ${sameKey(names, 'l', 'w')}
    QUALIFY row_number() OVER (PARTITION BY ${ofLake} ORDER BY (l.hash = w.hash) DESC NULLS LAST, l.seq DESC NULLS LAST, l.hash DESC) = 1`);
}

/** Every key that is not the same on both sides, with the kind of its difference (`outcome`), as the table `differing`. */
async function createDiffering(
  connection: DuckDBConnection,
  names: RowNames,
  rules: KeyRules,
): Promise<void> {
  const keys = keyNames(names).map((key) => `coalesce(w.${key}, l.${key}) AS ${key}`);
  // Null is the lowest place in the order.
  const newer = 'l.seq IS NOT NULL AND (w.seq IS NULL OR l.seq > w.seq)';
  await connection.run(`CREATE TABLE differing AS
    SELECT ${keys.join(', ')}, w.seq AS source_seq, l.seq AS lake_seq, l.file, l."row", l.hash AS lake_hash,
      CASE WHEN l.file IS NULL THEN 'missing' WHEN w.hash IS NULL THEN '${rules.deletesKnown ? 'extra' : 'gone'}'
        WHEN ${newer} THEN 'newer' ELSE 'different' END AS outcome
    FROM winners w FULL JOIN lake_keys l ON ${sameKey(names, 'w', 'l')} WHERE w.hash IS DISTINCT FROM l.hash`);
}

/**
 * Keys whose row has equal values on both sides, but not the same bits on any of the source's, as more of `differing`: in
 * a row of the last run a fault; in an older one perhaps a change of the source's that is none to a merge.
 */
async function addInexact(connection: DuckDBConnection, names: RowNames): Promise<void> {
  const keys = keyNames(names).map((key) => `l.${key}`);
  await connection.run(`INSERT INTO differing BY NAME
    SELECT ${keys.join(', ')}, w.seq AS source_seq, l.seq AS lake_seq, l.file, l."row", l.hash AS lake_hash,
      CASE WHEN l.fresh THEN 'different' ELSE 'inexact' END AS outcome
    FROM lake_keys l JOIN winners w ON ${sameKey(names, 'l', 'w')} AND l.hash = w.hash
    WHERE NOT EXISTS (SELECT 1 FROM source_rows s WHERE ${sameKey(names, 's', 'l')} AND s.hash = l.hash AND s.bits = l.bits)`);
}

/** Takes what is to be expected out of `extra` and `different`. */
async function explain(connection: DuckDBConnection, names: RowNames, rules: KeyRules): Promise<void> {
  const same = sameKey(names, 's', 'differing');
  if (rules.incremental) {
    await connection.run(`UPDATE differing SET outcome = 'tied' WHERE outcome = 'different' AND EXISTS (
      SELECT 1 FROM source_rows s WHERE ${same} AND s.seq IS NOT DISTINCT FROM differing.source_seq AND s.hash = differing.lake_hash)`);
  }
  const extra = await connection.runAndReadAll(`SELECT 1 FROM differing WHERE outcome = 'extra' LIMIT 1`);
  if (extra.currentRowCount === 0 || !rules.allKeys) return;
  await connection.run(`UPDATE differing SET outcome = 'unselected' WHERE outcome = 'extra' AND EXISTS (
    SELECT 1 FROM ${await rules.allKeys()} s WHERE ${same})`);
}

/**
 * Compares the keys of `source_rows` and `lake_rows`: of each key the source's row with the greatest sequence, then the
 * greatest hash, has to be the lake's only one.
 */
export async function compareKeys(
  connection: DuckDBConnection,
  shown: Shown,
  rules: KeyRules,
): Promise<Findings> {
  await createWinners(connection, shown.names);
  await createDiffering(connection, shown.names, rules);
  await explain(connection, shown.names, rules);
  await addInexact(connection, shown.names);
  const of = (outcome: string) =>
    findRows(connection, `(FROM differing WHERE outcome = '${outcome}')`, shown);
  return {
    ...NO_FINDINGS,
    missing: await of('missing'),
    extra: await of('extra'),
    different: await of('different'),
    repeated: await findRows(
      connection,
      '(SELECT * EXCLUDE (file, "row") FROM lake_keys WHERE copies > 1)',
      shown,
    ),
    gone: await of('gone'),
    unselected: await of('unselected'),
    newer: await of('newer'),
    tied: await of('tied'),
    inexact: await of('inexact'),
  };
}

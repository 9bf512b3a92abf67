import { withDuckDB } from '@lance-offload/delta';
import { Argument, type Command } from 'commander';
import { formatTable } from '../screen/format.ts';
import { mentions } from '../run/named-tables.ts';
import { runQuery, type Skipped } from '../run/run-query.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';
import { momentOf, momentOptions, type Moment, type MomentOptions } from './moment-options.ts';

const CELL_CHARACTERS = 80;

function cell(value: unknown): string {
  const text = value === null ? 'NULL' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > CELL_CHARACTERS ? `${text.slice(0, CELL_CHARACTERS - 1)}…` : text;
}

function rowsWord(count: number): string {
  return count === 1 ? '1 row' : `${count.toLocaleString('en-US')} rows`;
}

/**
 * Says which tables the query does not see. One that just has no version of that time matters only to SQL that names it;
 * one that was asked for by name is a failure.
 */
function complain(skipped: Skipped, sql: string, at: Moment | undefined): void {
  const named = at && 'versions' in at ? at.versions : undefined;
  for (const { table, error } of skipped) {
    if (named?.has(table)) throw error;
    const isAbsent = error.code === 'LAKE_NOT_FOUND';
    if (isAbsent && !mentions(sql, table)) continue;
    process.stderr.write(`table "${table}" is left out: ${error.message}\n`);
    if (!isAbsent) process.stderr.write(`  ${error.hint}\n`);
  }
}

export function queryCommand(): Command {
  const command = subcommand('query <sql> [options]', "Run DuckDB SQL over the lake's tables.", [
    'query "SELECT count(*) FROM documents"',
    'query \'SELECT _run_id, count(*) FROM "my table" GROUP BY 1\' --json',
    'query "SELECT * FROM people_current"                      # open rows of an SCD_TYPE_2 table',
    'query "SELECT count(*) FROM people" --timestamp 2026-11-22',
    'query "SELECT count(*) FROM people" --version people=3    # lance-offload history people lists them',
  ]);
  for (const option of momentOptions()) command.addOption(option);
  return command.addArgument(new Argument('<sql>', 'a statement of DuckDB')).action((sql: string) =>
    withContext(command, async ({ staging }, { json }) =>
      withDuckDB({ file: ':memory:' }, async (connection) => {
        const at = momentOf(command.opts<MomentOptions>());
        // Views from the Delta logs, not from lake.duckdb: right also when the lake was moved.
        const result = await runQuery(sql, connection, { staging, at }, (skipped) =>
          complain(skipped, sql, at),
        );
        const rows = result.getRowsJson();
        const names = result.deduplicatedColumnNames();
        print(
          json,
          rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]]))),
          () => {
            const text = rows.map((row) => row.map(cell));
            return `${formatTable(names, text)}\n${rowsWord(rows.length)}`;
          },
        );
        return 0;
      }),
    ),
  );
}

import { createViews, OffloadError, withDuckDB } from '@lance-offload/core';
import { Argument, type Command } from 'commander';
import { formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

const CELL_CHARACTERS = 80;

function cell(value: unknown): string {
  const text = value === null ? 'NULL' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > CELL_CHARACTERS ? `${text.slice(0, CELL_CHARACTERS - 1)}…` : text;
}

function rowsWord(count: number): string {
  return count === 1 ? '1 row' : `${count.toLocaleString('en-US')} rows`;
}

export function queryCommand(): Command {
  const command = subcommand('query <sql> [options]', "Run DuckDB SQL over the lake's tables.", [
    'query "SELECT count(*) FROM documents"',
    'query \'SELECT _run_id, count(*) FROM "my table" GROUP BY 1\' --json',
  ]);
  return command.addArgument(new Argument('<sql>', 'a statement of DuckDB')).action((sql: string) =>
    withContext(command, async ({ staging }, { json }) =>
      withDuckDB({}, async (connection) => {
        // Views from the Delta logs, not from lake.duckdb: right also when the lake was moved.
        const { skipped } = await createViews(connection, staging);
        for (const { table, error } of skipped)
          process.stderr.write(`table "${table}" is left out: ${error.message}\n  ${error.hint}\n`);
        const result = await connection.runAndReadAll(sql).catch((error: unknown) => {
          throw new OffloadError(
            'QUERY_FAILED',
            error instanceof Error ? error.message : String(error),
            {},
            { cause: error },
          );
        });
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

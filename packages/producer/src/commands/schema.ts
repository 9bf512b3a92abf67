import { lakeColumns } from '@lance-offload/core';
import { OffloadError } from '@lance-offload/base';
import { Argument, type Command } from 'commander';
import { selectTables } from '../run/select-tables.ts';
import { formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

export function schemaCommand(): Command {
  const command = subcommand(
    'schema <table> [options]',
    'Show the columns of a table, at the source and in the lake.',
    ['schema documents', 'schema documents --json'],
  );
  return command
    .addArgument(
      new Argument('<table>', 'name of the table at the source, or a pattern that only it matches'),
    )
    .action((wanted: string) =>
      withContext(command, async ({ source, config }, { json }) => {
        const [request, another] = await selectTables([wanted], config, source);
        if (!request || another) {
          throw new OffloadError(
            'CONFIG_INVALID',
            `"${wanted}" matches several tables (${request?.table}, ${another?.table}); schema shows one`,
          );
        }
        const { table } = request;
        const { version, fields } = await source.describe(table);
        const columns = lakeColumns(fields);
        print(json, { table, version, columns }, () => {
          const rows = columns.map((column) => [
            column.name,
            column.sourceType,
            column.nullable ? 'yes' : 'no',
            column.lakeType ?? 'not supported',
            column.notes.join('; '),
          ]);
          return `${table}, version ${version}\n${formatTable(['column', 'source type', 'nullable', 'lake type', 'note'], rows)}`;
        });
        return 0;
      }),
    );
}

import { describeError } from '@lance-offload/base';
import { Argument, type Command } from 'commander';
import { chooseTables } from '../run/choose-tables.ts';
import { surveyTables, type SurveyedTable, type UnreadTable } from '../run/survey-tables.ts';
import { formatBytes, formatCount, formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

/** The listing shows what there is: neither `tables` nor `include` and `exclude` of the configuration count. */
const EVERYTHING = { tables: undefined, include: undefined, exclude: undefined };

function rowOf(table: SurveyedTable | UnreadTable): string[] {
  if ('error' in table) return [table.name, '–', '–', '–', '–', table.error.code, '–'];
  const indexes = table.indexes?.map(
    ({ name, type, columns }) => `${name} (${type === null ? '' : `${type}: `}${columns.join(', ')})`,
  );
  return [
    table.name,
    String(table.version),
    formatCount(table.rows),
    table.bytes === null ? '–' : formatBytes(table.bytes),
    String(table.columns),
    table.vectors.map(({ column, type }) => `${column} ${type}`).join('\n'),
    indexes?.join('\n') ?? '–',
  ];
}

function tablesText(tables: readonly (SurveyedTable | UnreadTable)[]): string {
  const head = ['table', 'version', 'rows', 'size', 'columns', 'vectors', 'indexes'];
  const errors = tables.flatMap((table) =>
    'error' in table ? [`${table.name}: ${table.error.message}`, `  ${table.error.hint}`] : [],
  );
  return [formatTable(head, tables.map(rowOf)), ...errors].join('\n');
}

export function tablesCommand(): Command {
  const command = subcommand(
    'tables [table...] [options]',
    'List the tables of the LanceDB project: rows, version, size, vectors, indexes. One that cannot be read is listed with its error; the exit code is 1 then.',
    ['tables', "tables 'docs_*'       # quoted, or the shell takes it for files", 'tables --json'],
  );
  return command
    .addArgument(
      new Argument('[table...]', 'tables to list, or patterns of their names; all where none is named'),
    )
    .action((names: string[]) =>
      withContext(command, async ({ source }, { json }) => {
        const project = { url: source.url, tables: await source.listTables() };
        const tables = await surveyTables(chooseTables(names, EVERYTHING, project), source);
        const document = tables.map((table) =>
          'error' in table ? { name: table.name, error: describeError(table.error) } : table,
        );
        print(json, document, () =>
          tables.length === 0 ? `${source.url} has no tables.` : tablesText(tables),
        );
        return tables.some((table) => 'error' in table) ? 1 : 0;
      }),
    );
}

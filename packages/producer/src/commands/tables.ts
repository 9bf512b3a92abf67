import { showLanceType } from '@lance-offload/core';
import type { Command } from 'commander';
import { formatBytes, formatCount, formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { subcommand, withContext } from './command.ts';

const AT_ONCE = 8;

export function tablesCommand(): Command {
  const command = subcommand('tables [options]', 'List the tables of the LanceDB project.', [
    'tables',
    'tables --json',
  ]);
  return command.action(() =>
    withContext(command, async ({ source }, { json }) => {
      const names = await source.listTables();
      const tables = await mapConcurrently(names, AT_ONCE, async (name) => {
        const { version, fields } = await source.describe(name);
        const [rows, stats] = [await source.countRows(name, version), await source.stats(name)];
        const vectors = fields
          .filter(({ type }) => type.type === 'fixed_size_list')
          .map((field) => `${field.name} ${showLanceType(field.type)}`);
        return { name, version, rows, bytes: stats?.total_bytes ?? null, columns: fields.length, vectors };
      });
      print(json, tables, () => {
        if (tables.length === 0) return `${source.url} has no tables.`;
        const rows = tables.map((table) => [
          table.name,
          String(table.version),
          formatCount(table.rows),
          table.bytes === null ? '–' : formatBytes(table.bytes),
          String(table.columns),
          table.vectors.join(', '),
        ]);
        return formatTable(['table', 'version', 'rows', 'size', 'columns', 'vectors'], rows);
      });
      return 0;
    }),
  );
}

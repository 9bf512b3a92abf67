import { historyOf, readEntries, readSnapshot, runOf } from '@lance-offload/delta';
import { outcomesOf } from '@lance-offload/core';
import { OffloadError } from '@lance-offload/base';
import { Argument, type Command } from 'commander';
import { formatBytes, formatCount, formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

const OUTCOMES = ['inserted', 'updated', 'deleted', 'unchanged', 'late'] as const;

export function historyCommand(): Command {
  const command = subcommand(
    'history <table> [options]',
    'List the commits of a lake table, newest first, and what became of the rows each run read.',
    ['history documents', 'history documents --json'],
  );
  return command
    .addArgument(new Argument('<table>', 'name of the table in the lake'))
    .action((table: string) =>
      withContext(command, async ({ staging }, { json }) => {
        const place = staging.table(table);
        const snapshot = await readSnapshot(place); // refuses a table of a newer version
        if (!snapshot) {
          const published = (await staging.listTables()).join(', ') || 'none';
          throw new OffloadError(
            'LAKE_NOT_FOUND',
            `The lake has no table "${table}" (it has: ${published})`,
            { table, path: place.locate('') },
          );
        }
        const entries = await Array.fromAsync(readEntries(place, snapshot.version));
        const commits = historyOf(entries).map(({ version, commitInfo, adds, removes }) => ({
          version,
          timestamp: commitInfo.timestamp === undefined ? null : new Date(commitInfo.timestamp).toISOString(),
          operation: commitInfo.operation ?? null,
          ...runOf(commitInfo),
          rows: outcomesOf(commitInfo).outcomes,
          bytes: Number(commitInfo.operationMetrics?.['numOutputBytes'] ?? 0),
          filesAdded: adds,
          filesRemoved: removes,
        }));
        const oldest = commits.at(-1)?.version ?? 0;
        const cleaned =
          oldest > 0
            ? `\nVersions before ${oldest} are no longer in the log; a checkpoint stands for them.`
            : '';
        print(
          json,
          commits,
          () =>
            `${formatTable(
              [
                'version',
                'time',
                'mode',
                'source version',
                'inserted',
                'updated',
                'deleted',
                'unchanged',
                'late',
                'files',
                'Parquet',
                'run',
              ],
              commits.map((commit) => [
                String(commit.version),
                commit.timestamp ?? '–',
                commit.ingestionType ?? commit.operation ?? '–',
                String(commit.sourceVersion ?? '–'),
                ...OUTCOMES.map((outcome) => formatCount(commit.rows[outcome])),
                `+${commit.filesAdded} −${commit.filesRemoved}`,
                formatBytes(commit.bytes),
                commit.runId ?? '–',
              ]),
            )}${cleaned}`,
        );
        return 0;
      }),
    );
}

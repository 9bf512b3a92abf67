import {
  buildPlan,
  newRunId,
  pageCount,
  PAYLOAD_VERSION,
  PRODUCT,
  type PlannedRun,
  type RunRequest,
} from '@lance-offload/core';
import { Argument, type Command } from 'commander';
import type { Context } from '../context.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { selectTables } from '../run/select-tables.ts';
import { formatBytes, formatCount, formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

const AT_ONCE = 8;

async function planOne(request: RunRequest, context: Context): Promise<PlannedRun> {
  const startedAt = new Date();
  const job = {
    payloadVersion: PAYLOAD_VERSION,
    runId: newRunId(request.destination, startedAt),
    startedAtMs: startedAt.getTime(),
    ...request,
  } as const;
  return buildPlan(job, {
    source: context.source,
    staging: context.staging,
    pageBytes: context.config.page_bytes,
    createdBy: PRODUCT,
  });
}

/** The plan as a document: without the run id, which a dry run does not use up. */
function planDocument({ plan, unchanged }: PlannedRun) {
  const {
    table,
    destination,
    ingestionType,
    sourceVersion,
    sourceRows,
    rowsPerPage,
    estimatedBytes,
    droppedColumns,
    filter,
    offset,
    notes,
  } = plan;
  const columns = plan.columns.map(({ name }) => name);
  return {
    table,
    destination,
    ingestionType,
    sourceVersion,
    sourceRows,
    pages: pageCount(plan),
    rowsPerPage,
    estimatedBytes,
    columns,
    droppedColumns,
    filter,
    offset,
    notes,
    unchanged,
  };
}

export function planCommand(): Command {
  const command = subcommand(
    'plan [table...] [options]',
    'Show what a run would do, without doing it: version, rows, pages, columns left out, bytes.',
    ['plan', 'plan documents people --json'],
  );
  return command
    .addArgument(new Argument('[table...]', 'tables to plan; the configured ones where none is named'))
    .action((names: string[]) =>
      withContext(command, async (context, { json }) => {
        const requests = await selectTables(names, context.config, context.source);
        const plans = (await mapConcurrently(requests, AT_ONCE, (request) => planOne(request, context))).map(
          planDocument,
        );
        print(json, plans, () => {
          const rows = plans.map((plan) => [
            plan.table,
            plan.ingestionType,
            String(plan.sourceVersion),
            formatCount(plan.sourceRows),
            plan.unchanged ? '0' : formatCount(plan.pages),
            formatCount(plan.rowsPerPage),
            formatBytes(plan.estimatedBytes),
            plan.droppedColumns.map(({ name }) => name).join(', '),
          ]);
          const notes = plans.flatMap((plan) => [
            ...(plan.unchanged
              ? [
                  `${plan.table}: the lake holds version ${plan.sourceVersion} already; a run would do nothing`,
                ]
              : []),
            ...plan.notes.map((note) => `${plan.table}: ${note}`),
          ]);
          return [
            formatTable(
              ['table', 'mode', 'version', 'rows', 'pages', 'rows/page', '≈ bytes', 'columns left out'],
              rows,
            ),
            ...notes,
          ].join('\n');
        });
        return 0;
      }),
    );
}

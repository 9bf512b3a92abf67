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
import type { Context, GlobalOptions } from '../context.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { selectTables } from '../run/select-tables.ts';
import { formatBytes, formatCount, formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

const AT_ONCE = 8;

interface PlanOptions extends GlobalOptions {
  readonly full?: boolean;
  readonly sweepDeletes?: boolean;
}

async function planOne(
  request: RunRequest,
  context: Context,
  { full = false, sweepDeletes = false }: PlanOptions,
): Promise<PlannedRun> {
  const startedAt = new Date();
  const job = {
    payloadVersion: PAYLOAD_VERSION,
    runId: newRunId(request.destination, startedAt),
    startedAtMs: startedAt.getTime(),
    ...request,
    full,
    sweepDeletes,
  } as const;
  return buildPlan(job, {
    source: context.source,
    staging: context.staging,
    pageBytes: context.config.page_bytes,
    createdBy: PRODUCT,
  });
}

/** The plan as a document: without the run id, which a dry run does not use up. */
function planDocument({ plan, unchanged, schemaChanges }: PlannedRun) {
  const { runId: _run, formatVersion: _format, createdBy: _creator, startedAtMs: _start, ...rest } = plan;
  return {
    ...rest,
    pages: pageCount(plan),
    columns: plan.columns.map(({ name }) => name),
    schemaChanges,
    unchanged,
  };
}
type PlanDocument = ReturnType<typeof planDocument>;

/** What a run would do beside reading its rows, in words. */
function planNotes(plan: PlanDocument): string[] {
  const { table, cursorField, cursorFrom, deletes, sweepRows } = plan;
  const notes = [
    ...(plan.unchanged
      ? [`the lake holds version ${plan.sourceVersion} already; a run would do nothing`]
      : [
          ...(cursorFrom === undefined ? [] : [`incremental: reads "${cursorField}" from ${cursorFrom} on`]),
          ...(deletes === 'snapshot'
            ? ['a complete snapshot: keys that are gone are deleted in the lake, or closed']
            : []),
          ...(deletes === 'sweep'
            ? [`reads the keys of all ${formatCount(sweepRows)} rows to find those that are gone`]
            : []),
        ]),
    ...plan.droppedColumns.map(({ name, reason }) => `column "${name}" left out: ${reason}`),
    ...plan.notes,
  ];
  return notes.map((note) => `${table}: ${note}`);
}

function planText(plans: readonly PlanDocument[]): string {
  const rows = plans.map((plan) => [
    plan.table,
    plan.ingestionType,
    String(plan.sourceVersion),
    (plan.search ? '≤ ' : '') + formatCount(plan.sourceRows),
    plan.unchanged ? '0' : formatCount(plan.pages),
    formatCount(plan.rowsPerPage),
    formatBytes(plan.estimatedBytes),
  ]);
  const head = ['table', 'mode', 'version', 'rows', 'pages', 'rows/page', '≈ bytes'];
  return [formatTable(head, rows), ...plans.flatMap(planNotes)].join('\n');
}

export function planCommand(): Command {
  const command = subcommand(
    'plan [table...] [options]',
    'Show what a run would do, without doing it: version, rows, pages, columns left out and changed, bytes.',
    ['plan', 'plan documents people --json', 'plan people --full'],
  );
  return command
    .addArgument(new Argument('[table...]', 'tables to plan; the configured ones where none is named'))
    .option('--full', 'as with `run --full`')
    .option('--sweep-deletes', 'as with `run --sweep-deletes`')
    .action((names: string[]) =>
      withContext<PlanOptions>(command, async (context, options) => {
        const requests = await selectTables(names, context.config, context.source);
        const planned = await mapConcurrently(requests, AT_ONCE, (request) =>
          planOne(request, context, options),
        );
        const plans = planned.map(planDocument);
        print(options.json, plans, () => planText(plans));
        return 0;
      }),
    );
}

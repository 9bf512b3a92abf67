import { buildPlan, newRunId, PAYLOAD_VERSION, type PlannedRun } from '@lance-offload/core';
import type { RunRequest } from '@lance-offload/fleet';
import { describeError, PRODUCT, toOffloadError } from '@lance-offload/base';
import { Argument, type Command } from 'commander';
import type { Context, GlobalOptions } from '../context.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { selectTables } from '../run/select-tables.ts';
import { print } from '../screen/output.ts';
import { planDocument, planText, type Planned, type Refused } from '../screen/plan-words.ts';
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

async function planOrRefusal(
  request: RunRequest,
  context: Context,
  options: PlanOptions,
): Promise<Planned | Refused> {
  try {
    return { plan: planDocument(await planOne(request, context, options)) };
  } catch (thrown) {
    return { table: request.table, error: toOffloadError(thrown) };
  }
}

export function planCommand(): Command {
  const command = subcommand(
    'plan [table...] [options]',
    'Show what a run would do, without doing it: version, rows, pages, columns left out and changed, bytes.',
    ['plan', 'plan documents people --json', 'plan people --full'],
  );
  return command
    .addArgument(
      new Argument(
        '[table...]',
        'tables to plan, or patterns of their names; the configured ones where none is named',
      ),
    )
    .option('--full', 'as with `run --full`')
    .option('--sweep-deletes', 'as with `run --sweep-deletes`')
    .action((names: string[]) =>
      withContext<PlanOptions>(command, async (context, options) => {
        const requests = await selectTables(names, context.config, context.source);
        const planned = await mapConcurrently(requests, AT_ONCE, (request) =>
          planOrRefusal(request, context, options),
        );
        const [first] = planned;
        if (planned.length === 1 && first && 'error' in first) throw first.error;
        const documents = planned.map((one) =>
          'plan' in one ? one.plan : { table: one.table, error: describeError(one.error) },
        );
        print(options.json, documents, () => planText(planned));
        return planned.some((one) => 'error' in one) ? 1 : 0;
      }),
    );
}

import { setTimeout as sleep } from 'node:timers/promises';
import { cancelRun, retryRun, runStatus } from '@lance-offload/core';
import { Argument, type Command } from 'commander';
import { startPlanWorker } from '../run/plan-worker.ts';
import { onRecord } from '../run/record-action.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

const POLL_MS = 200;
const run = () => new Argument('<run>', 'id of a run');

export function retryCommand(): Command {
  const command = subcommand(
    'retry <run> [options]',
    'Give the failed pages of a run fresh attempts. The run then publishes by itself.',
    ['retry documents-20261122T101500Z-7f3a'],
  );
  return command.addArgument(run()).action((runId: string) =>
    withContext(command, async (context, { json }) => {
      const fleet = await context.fleet();
      const { key, retried } = await onRecord(fleet, 'retry', runId, () => retryRun(runId, fleet));
      if ((await runStatus(key, fleet)).state === 'planning') {
        // Plans are made by producers, and this may be the only one: wait until it is made or has failed again.
        startPlanWorker(context, fleet);
        while ((await runStatus(key, fleet)).state === 'planning') await sleep(POLL_MS);
      }
      print(
        json,
        { runId, retried },
        () =>
          `${retried} failed ${retried === 1 ? 'job' : 'jobs'} of ${runId} enqueued again. Follow with: lance-offload run --resume ${runId}`,
      );
      return 0;
    }),
  );
}

export function cancelCommand(): Command {
  const command = subcommand(
    'cancel <run> [options]',
    'End a run without publishing it, and remove what it has staged.',
    ['cancel documents-20261122T101500Z-7f3a'],
  );
  return command.addArgument(run()).action((runId: string) =>
    withContext(command, async (context, { json }) => {
      const fleet = await context.fleet();
      await onRecord(fleet, 'cancel', runId, () => cancelRun(runId, fleet));
      print(
        json,
        { runId, state: 'cancelled' },
        () => `Run ${runId} is cancelled; nothing of it is in the lake.`,
      );
      return 0;
    }),
  );
}

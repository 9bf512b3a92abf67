import { cancelRun } from '@lance-offload/fleet';
import { Argument, type Command } from 'commander';
import { logged } from '../run/log-intervention.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

export function cancelCommand(): Command {
  const command = subcommand(
    'cancel <run> [options]',
    'End a run without publishing anything of it. A later commit of the table removes the files it has staged.',
    ['cancel documents-20261122T101500Z-7f3a'],
  );
  return command.addArgument(new Argument('<run>', 'id of a run')).action((runId: string) =>
    withContext(command, async (context, { json }) => {
      const fleet = await context.fleet();
      await logged(fleet, 'cancel', runId, () => cancelRun(runId, fleet));
      print(
        json,
        { runId, state: 'cancelled' },
        () => `Run ${runId} is cancelled; nothing of it is published.`,
      );
      return 0;
    }),
  );
}

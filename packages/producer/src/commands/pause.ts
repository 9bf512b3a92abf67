import { pause, readPauses, resume, type PauseScope } from '@lance-offload/fleet';
import { Option, type Command } from 'commander';
import type { GlobalOptions } from '../context.ts';
import { actorHere, logged } from '../run/log-intervention.ts';
import { print } from '../screen/output.ts';
import { pauseLines, scopeWords } from '../screen/control-words.ts';
import { subcommand, withContext } from './command.ts';

interface ScopeOptions extends GlobalOptions {
  readonly table?: readonly string[];
  readonly run?: readonly string[];
}

/** What the options name; the fleet where they name nothing. */
function scopesOf({ table = [], run = [] }: ScopeOptions): PauseScope[] {
  const scopes = [...table.map((name) => ({ table: name })), ...run.map((runId) => ({ runId }))];
  return scopes.length > 0 ? scopes : ['fleet'];
}

/** A scope in the words of the log of interventions. */
function targetOf(scope: PauseScope): string {
  if (scope === 'fleet') return scope;
  return 'table' in scope ? `table ${scope.table}` : scope.runId;
}

function withScopeOptions(command: Command): Command {
  return command
    .addOption(new Option('--table <name...>', 'the runs of these tables, by their names at the source'))
    .addOption(new Option('--run <id...>', 'these runs'));
}

export function pauseCommand(): Command {
  const command = subcommand(
    'pause [options]',
    'Begin no more plans, pages, commits and scheduled runs, until `lance-offload resume`: of the whole fleet, or of the tables and runs that are named. What is under way is finished.',
    [
      'pause                          # the fleet',
      'pause --table documents people',
      'pause --run documents-20261122T101500Z-7f3a',
    ],
  );
  return withScopeOptions(command).action(() =>
    withContext<ScopeOptions>(command, async (context, options) => {
      const fleet = await context.fleet();
      const scopes = scopesOf(options);
      for (const scope of scopes)
        await logged(fleet, 'pause', targetOf(scope), () => pause(fleet, scope, actorHere()));
      print(options.json, await readPauses(fleet), () =>
        scopes
          .map((scope) => {
            const { subject, remedy } = scopeWords(scope);
            return `${subject} is paused; what is under way is finished. Go on with: ${remedy}`;
          })
          .join('\n'),
      );
      return 0;
    }),
  );
}

export function resumeCommand(): Command {
  const command = subcommand(
    'resume [options]',
    'Go on with what `lance-offload pause` has paused: the fleet, or the tables and runs that are named. A run that the queue has lost is taken up by `lance-offload run --resume` instead.',
    [
      'resume                         # the fleet; tables and runs that are paused by themselves stay so',
      'resume --table documents people',
      'resume --run documents-20261122T101500Z-7f3a',
    ],
  );
  return withScopeOptions(command).action(() =>
    withContext<ScopeOptions>(command, async (context, options) => {
      const fleet = await context.fleet();
      const resumed: ({ scope: PauseScope } & Awaited<ReturnType<typeof resume>>)[] = [];
      for (const scope of scopesOf(options)) {
        const outcome = await logged(fleet, 'resume', targetOf(scope), () => resume(fleet, scope));
        resumed.push({ scope, ...outcome });
      }
      const pauses = await readPauses(fleet);
      print(options.json, { resumed, pauses }, () =>
        [
          ...resumed.map(({ scope, wasPaused, released }) => {
            const { subject } = scopeWords(scope);
            const parked = released === 1 ? ' (1 job was parked)' : ` (${released} jobs were parked)`;
            if (!wasPaused && released === 0) return `${subject} was not paused.`;
            return `${subject} goes on${released > 0 ? parked : ''}.`;
          }),
          ...pauseLines(pauses),
        ].join('\n'),
      );
      return 0;
    }),
  );
}

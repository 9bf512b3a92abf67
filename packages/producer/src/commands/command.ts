import { Command } from 'commander';
import { Context, type GlobalOptions } from '../context.ts';

/** A subcommand with the options they all take, and examples under its help. */
export function subcommand(usage: string, description: string, examples: readonly string[]): Command {
  const help = examples.map((example) => `  lance-offload ${example}`).join('\n');
  return new Command(usage.split(' ')[0])
    .usage(usage.split(' ').slice(1).join(' ') || '[options]')
    .description(description)
    .option('--json', 'print one JSON document instead of text')
    .addHelpText('after', `\nExamples:\n${help}`);
}

/** Opens what the command needs, runs it, and closes everything whatever happens. The result is the exit code. */
export async function withContext(
  command: Command,
  work: (context: Context, options: GlobalOptions) => Promise<number>,
): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const context = await Context.open(options);
  try {
    process.exitCode = await work(context, options);
  } finally {
    await context.close();
  }
}

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

/** What a command does with its options; the result is the exit code. */
type Work<Options extends GlobalOptions> = (context: Context, options: Options) => Promise<number>;

/** Opens what the command needs, runs it, and closes everything whatever happens. The result is the exit code. */
export async function withContext<Options extends GlobalOptions = GlobalOptions>(
  command: Command,
  work: Work<Options>,
): Promise<void> {
  const options = command.optsWithGlobals<Options>();
  const context = await Context.open(options);
  try {
    process.exitCode = await work(context, options);
  } finally {
    await context.close();
  }
}

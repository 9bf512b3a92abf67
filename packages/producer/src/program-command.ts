import { Command } from 'commander';

/** `--version 3` as `--version=3`: a form that an option without a value of its own does not take. */
function joinVersions(args: readonly string[]): string[] {
  const at = args.findIndex((arg) => arg === '--version' || arg === '--');
  if (at === -1 || args[at] === '--') return [...args];
  return [...args.slice(0, at), `--version=${args[at + 1] ?? ''}`, ...joinVersions(args.slice(at + 2))];
}

/**
 * The command at the top. Where a subcommand has an option `--version` (`query --version 3`), the top's own counts only in
 * front of it; commander by itself would take it anywhere, print the program's version and end.
 */
export class ProgramCommand extends Command {
  override parseOptions(args: string[]): ReturnType<Command['parseOptions']> {
    const ownVersion = this.commands.filter(({ options }) =>
      options.some(({ long }) => long === '--version'),
    );
    const names = new Set(ownVersion.map((command) => command.name()));
    const at = args.findIndex((arg) => names.has(arg));
    return super.parseOptions(at === -1 ? args : [...args.slice(0, at), ...joinVersions(args.slice(at))]);
  }
}

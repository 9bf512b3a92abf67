import { Command } from 'commander';
import { fleetCommand } from './fleet-bench.ts';
import { mergeCommand } from './merge/merge-bench.ts';

const fleet = fleetCommand();

await new Command('bench')
  .description('Measures what lance-offload claims, beside what else could do the same, in one run.')
  .addCommand(fleet, { isDefault: true })
  .addCommand(mergeCommand())
  .addHelpText('after', () => `\nWithout a command:\n\n${fleet.helpInformation()}`)
  .parseAsync();

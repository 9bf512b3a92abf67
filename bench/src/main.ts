import { Command } from 'commander';
import { commitsCommand } from './commits/commits-bench.ts';
import { dashboardCommand } from './dashboard-bench.ts';
import { filteredCommand } from './filtered-bench.ts';
import { fleetCommand } from './fleet-bench.ts';
import { mergeCommand } from './merge/merge-bench.ts';
import { rateLimitCommand } from './rate-limit.ts';

const fleet = fleetCommand();

await new Command('bench')
  .description('Measures what lance-offload claims, beside what else could do the same, in one run.')
  .addCommand(fleet, { isDefault: true })
  .addCommand(mergeCommand())
  .addCommand(filteredCommand())
  .addCommand(rateLimitCommand())
  .addCommand(dashboardCommand())
  .addCommand(commitsCommand())
  .addHelpText('after', () => `\nWithout a command:\n\n${fleet.helpInformation()}`)
  .parseAsync();

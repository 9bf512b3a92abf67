import { Command } from 'commander';
import { Fleet } from './fleet.ts';
import { makeTable, tableName, type TableSize } from './make-table.ts';
import { measure, type Measurements } from './measure.ts';
import { note } from './note.ts';
import { prepareFolder, startServices } from './services.ts';
import { printFigures, summarise } from './summary.ts';

interface Options {
  readonly rows: number;
  readonly dimensions: number;
  readonly page: number;
  readonly rounds: number;
  readonly large: boolean;
  readonly json: boolean;
}

async function benchFleet(options: Options): Promise<void> {
  const size: TableSize = options;
  const large: TableSize = { ...size, rows: size.rows * 5 };
  const { folder, uri } = await prepareFolder();
  note(
    `making ${tableName(size)}${options.large ? ` and ${tableName(large)}` : ''} (kept in .bench for the next time)`,
  );
  await makeTable(uri, size);
  if (options.large) await makeTable(uri, large);

  const services = await startServices(folder, uri);
  const { url, env } = services;
  const fleets = [await Fleet.start(1, folder, url, env), await Fleet.start(2, folder, url, env)] as const;
  try {
    const measured: Measurements[] = [];
    for (let round = 0; round <= options.rounds; round++) {
      note(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`);
      const figures = await measure({ url, folder, env, size, page: options.page, fleets });
      if (round > 0) measured.push(figures);
    }
    const peak = fleets[1].peakMemory(); // of the fleet that also takes the large table
    let largePeak: number | undefined;
    if (options.large) {
      note(`memory on ${tableName(large)}`);
      await fleets[1].offload(tableName(large));
      largePeak = fleets[1].peakMemory();
    }
    printFigures(summarise(measured, size, peak, largePeak), options.json);
  } finally {
    for (const fleet of fleets) await fleet.stop();
    await services.stop();
  }
}

export function fleetCommand(): Command {
  return new Command('fleet')
    .description(
      'What the fleet reaches beside a bare drain (a) and a single program (b), in one run, alternating.',
    )
    .option('--rows <n>', 'rows of the table', Number, 200_000)
    .option('--dimensions <n>', 'dimensions of its float32 vectors', Number, 768)
    .option('--page <n>', 'rows per page', Number, 10_000)
    .option('--rounds <n>', 'counted rounds, after one that is not', Number, 3)
    .option('--no-large', 'leave out the memory check on a table five times as large')
    .option('--json', 'print JSON', false)
    .action(benchFleet);
}

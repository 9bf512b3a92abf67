import { Command } from 'commander';
import { claimLines, type Claim } from './claims.ts';
import { Fleet } from './fleet.ts';
import { makeTable, tableName } from './make-table.ts';
import { median, rounded } from './median.ts';
import { note } from './note.ts';
import { prepareFolder, startServices } from './services.ts';

/** Nine rows of ten: the deep offsets behind a filter are what this is about. */
const FILTER = 'id % 10 <> 0';
const LIMIT = 1.3;

interface Options {
  readonly rows: readonly number[];
  readonly dimensions: number;
  readonly rounds: number;
  readonly json: boolean;
}

/** Microseconds a row of a filtered offload takes, for tables of several sizes, in alternating rounds. */
async function measureFiltered(options: Options, fleet: Fleet): Promise<Map<number, number>> {
  const times = new Map<number, number[]>(options.rows.map((rows) => [rows, []]));
  for (let round = 0; round <= options.rounds; round++) {
    note(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`);
    for (const rows of options.rows) {
      const result = await fleet.offload(tableName({ rows, dimensions: options.dimensions }), FILTER);
      if (round > 0) times.get(rows)?.push((result.seconds / result.rows) * 1e6);
    }
  }
  return new Map([...times].map(([rows, values]) => [rows, median(values)]));
}

function show(perRow: ReadonlyMap<number, number>, json: boolean): void {
  const [small = 0, large = 0] = perRow.values();
  const [smallRows, largeRows] = perRow.keys();
  const growth = large / small;
  const claims: Claim[] = [
    {
      claim: `a filtered offload grows with its rows: time per row at ${largeRows} within ${LIMIT} times that at ${smallRows}`,
      measured: `${rounded(growth)} times`,
      met: growth < LIMIT,
    },
  ];
  const figures = { microsecondsPerRow: Object.fromEntries(perRow), growth, claims };
  const lines = [...perRow].map(
    ([rows, time]) => `${rows} rows, filtered: ${rounded(time)} µs a row, the whole run`,
  );
  process.stdout.write(
    `${json ? JSON.stringify(figures, null, 2) : [...lines, ...claimLines(claims)].join('\n')}\n`,
  );
}

async function benchFiltered(options: Options): Promise<void> {
  const { folder, uri } = await prepareFolder();
  for (const rows of options.rows) {
    note(`making ${tableName({ rows, dimensions: options.dimensions })} (kept in .bench for the next time)`);
    await makeTable(uri, { rows, dimensions: options.dimensions });
  }
  const services = await startServices(folder, uri);
  const { url, env } = services;
  const fleet = await Fleet.start(2, folder, url, env);
  try {
    show(await measureFiltered(options, fleet), options.json);
  } finally {
    await fleet.stop();
    await services.stop();
  }
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}

export function filteredCommand(): Command {
  return new Command('filtered')
    .description(
      'Whether a filtered offload grows linearly: time per row of tables of two sizes, in one run, alternating.',
    )
    .option('--rows <n,m>', 'rows of the tables', numbers, [100_000, 1_000_000])
    .option('--dimensions <n>', 'dimensions of their float32 vectors', Number, 256)
    .option('--rounds <n>', 'counted rounds, after one that is not', Number, 3)
    .option('--json', 'print JSON', false)
    .action(benchFiltered);
}

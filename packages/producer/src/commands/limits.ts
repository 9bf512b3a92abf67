import { readLimits, setLimits, type LimitChanges } from '@lance-offload/fleet';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { GlobalOptions } from '../context.ts';
import { limitLines } from '../screen/control-words.ts';
import { logged } from '../run/log-intervention.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';

interface LimitOptions extends GlobalOptions {
  readonly concurrency?: number | 'none';
  readonly rate?: number | 'none';
}

const MOST = 1_000_000;

/** A number from the command line above 0. */
export function positiveNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && value <= MOST) return value;
  throw new InvalidArgumentError(`It must be a number above 0, up to ${MOST}.`);
}

function concurrency(text: string): number | 'none' {
  if (text === 'none') return text;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= MOST) return value;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST}, or none.`);
}

const rate = (text: string): number | 'none' => (text === 'none' ? text : positiveNumber(text));

/** Commander itself would make an empty text of a parsed `null`. */
const limitOf = (option: number | 'none' | undefined): number | null | undefined =>
  option === 'none' ? null : option;

function changeWords({ concurrency: pages, requestsPerSecond }: LimitChanges): string {
  const words = [
    ...(pages === undefined ? [] : [`concurrency ${pages ?? 'none'}`]),
    ...(requestsPerSecond === undefined ? [] : [`rate ${requestsPerSecond ?? 'none'}`]),
  ];
  return words.join(', ');
}

export function limitsCommand(): Command {
  const command = subcommand(
    'limits [options]',
    'Limit what the fleet does, on all hosts and at once, without a restart; without options, show its limits. They stay until they are taken away.',
    [
      'limits',
      'limits --rate 20               # never more than 20 requests a second to the source',
      'limits --concurrency 4         # never more than 4 pages under way',
      'limits --rate none --concurrency none',
    ],
  );
  return command
    .addOption(
      new Option('--concurrency <n>', 'pages under way at once, of all workers; or none').argParser(
        concurrency,
      ),
    )
    .addOption(
      new Option(
        '--rate <n>',
        'requests per second to the source, of all processes; or none. Where connection.max_requests_per_second is less, that counts',
      ).argParser(rate),
    )
    .action(() =>
      withContext<LimitOptions>(command, async (context, options) => {
        const fleet = await context.fleet();
        const changes: LimitChanges = {
          concurrency: limitOf(options.concurrency),
          requestsPerSecond: limitOf(options.rate),
        };
        const shows = Object.values(changes).every((change) => change === undefined);
        const limits = shows
          ? await readLimits(fleet)
          : await logged(fleet, 'limits', changeWords(changes), () => setLimits(fleet, changes));
        print(options.json, limits, () => limitLines(limits).join('\n') || 'The fleet has no limits.');
        return 0;
      }),
    );
}

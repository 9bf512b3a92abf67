import { layoutOf } from '../../../../lancedb/test/ipc/layout.ts';
import { STRUCTURAL, VALUES } from './mutations.ts';
import { ORIGINALS } from './originals.ts';
import { Random } from '../../../../lancedb/test/random.ts';
import { contentOf, takePage } from './take-page.ts';

/** What became of the bodies of one run of this program; printed as JSON. */
export interface Tally {
  bodies: number;
  refused: number;
  short: number;
  equal: number;
  /** Staged with other values; only damage inside buffers may do that. */
  changed: number;
  readonly wrong: string[];
  peakBytes: number;
}

const EXPECTED_ROWS = 15;
const CODES = new Set(['SOURCE_BAD_BODY', 'SCHEMA_MISMATCH', 'TYPE_UNSUPPORTED']);

function run(seed: number, bodies: number, damage: 'structure' | 'values'): Tally {
  const random = new Random(seed);
  const tally: Tally = { bodies: 0, refused: 0, short: 0, equal: 0, changed: 0, wrong: [], peakBytes: 0 };
  const known = ORIGINALS.map((original) => {
    const outcome = takePage(original, original.body, EXPECTED_ROWS);
    if (outcome.kind !== 'staged') throw new Error(`${original.name}: ${JSON.stringify(outcome)}`);
    return { original, layout: layoutOf(original.body), content: contentOf(outcome.page) };
  });
  while (tally.bodies < bodies) {
    const { original, layout, content } = random.pick(known);
    const mutant = random.pick(damage === 'structure' ? STRUCTURAL : VALUES)(original.body, layout, random);
    const outcome = takePage(original, mutant.body, EXPECTED_ROWS);
    const wrong = (why: string) =>
      tally.wrong.push(`body ${tally.bodies}, ${original.name}, ${mutant.what}: ${why}`);
    tally.bodies += 1;
    if (outcome.kind === 'short') tally.short += 1;
    else if (outcome.kind === 'refused') {
      tally.refused += 1;
      if (!CODES.has(outcome.code)) wrong(outcome.message);
    } else if (contentOf(outcome.page) === content) tally.equal += 1;
    else {
      tally.changed += 1;
      if (damage === 'structure') wrong('other rows were staged');
    }
  }
  tally.peakBytes = process.resourceUsage().maxRSS * 1024;
  return tally;
}

const [seed = '1', bodies = '100', damage = 'structure'] = process.argv.slice(2);
if (damage !== 'structure' && damage !== 'values') throw new Error(`there is no damage "${damage}"`);
process.stdout.write(JSON.stringify(run(Number(seed), Number(bodies), damage)));

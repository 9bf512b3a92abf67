import { ROW_ID } from './row-id.ts';
import type { IdRun, RowIdSet } from './row-id-set.ts';

/** Ids that are named in one request: a filter of some ten thousand letters, which engines look up in a hash table. */
const IDS_PER_FILTER = 2000;

/** A filter for ids that are not known, and no others, of a stretch of them. */
export interface GapQuery {
  readonly filter: string;
  /** The ids it may be answered with; without an end there may be any number. */
  readonly candidates: number;
  /** Where the next stretch begins; `undefined` behind the last. */
  readonly next: bigint | undefined;
}

/** What is known of the answers to expect. */
export interface AnswerFacts {
  /** Rows a server sends at once. */
  readonly mostRows: number;
  /** Of the ids in gaps, the share that are a row's. */
  readonly density: number;
}

interface Gap {
  readonly first: bigint;
  readonly last: bigint | undefined;
}

/** Known ids before each gap from an id on, and the gap; the last one has no end. */
function* gapsOf(
  known: RowIdSet,
  from: bigint,
): Generator<{ readonly before: IdRun | undefined; readonly gap: Gap }> {
  let first = from;
  let before: IdRun | undefined;
  for (const run of known.runs(from)) {
    if (run.first > first) yield { before, gap: { first, last: run.first - 1n } };
    before = run;
    first = run.last + 1n;
  }
  yield { before, gap: { first, last: undefined } };
}

function* idsOf(runs: readonly (IdRun | undefined)[]): Generator<bigint> {
  for (const run of runs) if (run) for (let id = run.first; id <= run.last; id += 1n) yield id;
}

const widthOf = ({ first, last }: Gap): number =>
  last === undefined ? Number.POSITIVE_INFINITY : Number(last - first) + 1;

/** Names the ids of gaps: LanceDB takes them from their places. */
function inList(gaps: readonly Gap[], candidates: number): GapQuery {
  const runs = gaps.flatMap(({ first, last }) => (last === undefined ? [] : [{ first, last }]));
  return {
    filter: `${ROW_ID} IN (${[...idsOf(runs)].join(',')})`,
    candidates,
    next: (runs.at(-1)?.last ?? 0n) + 1n,
  };
}

/** Names the ids between gaps: where ids lie far apart, gaps hold far more of them. Engines look through all ids for it. */
function outsideList(gaps: readonly Gap[], known: readonly (IdRun | undefined)[]): GapQuery {
  const [first, last] = [gaps[0]?.first ?? 0n, gaps.at(-1)?.last];
  const but = [...idsOf(known)];
  const terms = [
    `${ROW_ID} >= ${first}`,
    ...(last === undefined ? [] : [`${ROW_ID} <= ${last}`]),
    ...(but.length === 0 ? [] : [`${ROW_ID} NOT IN (${but.join(',')})`]),
  ];
  const candidates = gaps.reduce((sum, gap) => sum + widthOf(gap), 0);
  return { filter: terms.join(' AND '), candidates, next: last === undefined ? undefined : last + 1n };
}

/**
 * The next question for ids that are not known yet, from one on. It names the ids of gaps where those are mostly rows, as
 * when a server has left some out; and else those between them.
 */
export function nextGapQuery(known: RowIdSet, from: bigint, { mostRows, density }: AnswerFacts): GapQuery {
  const wanted = mostRows / density;
  const mostInside = Math.min(IDS_PER_FILTER, wanted);
  const gaps: Gap[] = [];
  const between: (IdRun | undefined)[] = [];
  let [insideGaps, inside, outsideGaps, outside, width] = [0, 0, 0, 0, 0];
  for (const { before, gap } of gapsOf(known, from)) {
    width += widthOf(gap);
    if (gaps.length > 0 && before) outside += Number(before.last - before.first) + 1;
    if (width > mostInside && outside > IDS_PER_FILTER) break;
    gaps.push(gap);
    between.push(before);
    if (width <= mostInside) [insideGaps, inside] = [gaps.length, width];
    if (outside <= IDS_PER_FILTER) outsideGaps = gaps.length;
  }
  // Named ids fill a good part of an answer, or reach as far.
  if (insideGaps > 0 && (inside >= wanted / 2 || insideGaps >= outsideGaps))
    return inList(gaps.slice(0, insideGaps), inside);
  return outsideList(gaps.slice(0, outsideGaps), between.slice(1, outsideGaps));
}

/** How many questions it takes to ask for all ids that are not known, counted up to `most`. */
export function countGapQueries(known: RowIdSet, facts: AnswerFacts, most: number): number {
  let count = 0;
  for (let from: bigint | undefined = 0n; from !== undefined && count < most; count++)
    from = nextGapQuery(known, from, facts).next;
  return count;
}

import { OffloadError } from '@lance-offload/base';
import { ROW_ID } from './row-id.ts';
import { decodeArrowBody } from './arrow-body.ts';
import type { LanceClient } from './client.ts';
import { scanQuery } from './query.ts';
import { roomFor } from './request-sizes.ts';
import { retryingQueries } from './retrying-queries.ts';
import { countGapQueries, nextGapQuery } from './row-id-gaps.ts';
import { RowIdSet } from './row-id-set.ts';

/** What is listed: the rows of a table at a version that match a filter, as many as the server counts. */
export interface RowIdListing {
  readonly table: string;
  readonly version: number;
  readonly filter?: string | undefined;
  readonly expected: number;
}

/** Ids that were found, and the offset up to which they have been asked for. */
export interface ListedPart {
  readonly ids: Iterable<BigUint64Array<ArrayBuffer>>;
  readonly offset: number;
}

/** Keeps what a listing has found, so that another attempt at it goes on from there. */
export interface ListingProgress {
  load(): AsyncIterable<ListedPart>;
  save(part: ListedPart): Promise<void>;
}

export interface ListingOptions {
  readonly signal: AbortSignal;
  /** Ids that are known from elsewhere: they are not asked for. */
  readonly known?: RowIdSet;
  readonly progress?: ListingProgress;
}

/** Row ids asked for at once: 8 MB of them, and the engine runs the filter just once for all. */
const IDS_PER_REQUEST = 1_000_000;
const MAX_BYTES = 64 * 2 ** 20;
const IDS_PER_SLICE = 131_072;
/** Rounds that may find nothing new before the listing is given up, and those of them that ask for gaps. */
const IDLE_ROUNDS = 6;
const IDLE_GAP_ROUNDS = 3;
/** Answers without anything new after which a pass is not worth its requests. */
const STALE_ANSWERS = 16;
/** Where fewer of an answer's ids are new, it may be better to ask for gaps. */
const FRESH_SHARE = 0.75;
/** Answers that are saved together: a killed attempt loses no more than these. */
const ANSWERS_PER_PART = 8;

/** What an answer had: rows, ids among them, and ids that were not known. */
interface Answer {
  readonly rows: number;
  readonly ids: number;
  readonly fresh: number;
}

/** The row ids in an answer. */
function rowIdsIn(body: Uint8Array): BigUint64Array[] {
  return decodeArrowBody(body).batches.map((batch) => {
    const values: unknown = batch.getChild(ROW_ID)?.data[0]?.values;
    if (!(values instanceof BigUint64Array))
      throw new OffloadError('SCHEMA_MISMATCH', 'The answer lacks the row ids that were asked for');
    return values.subarray(0, batch.numRows);
  });
}

/** One attempt at a listing: what it has found, what it has learnt of the server, and what of it is saved. */
class Lister {
  found = new RowIdSet();
  readonly #listing: RowIdListing;
  readonly #source: LanceClient;
  readonly #options: ListingOptions;
  #unsaved = new RowIdSet();
  #unsavedAnswers = 0;
  #answers = 0;
  #offset = 0;
  /** Rows of the largest answer: what a server sends at once. */
  #mostRows = 0;
  #density = 1;
  #repeats = false;
  #idleRounds = 0;
  #idleGapRounds = 0;

  constructor(listing: RowIdListing, source: LanceClient, options: ListingOptions) {
    this.#listing = listing;
    this.#source = retryingQueries(source, 'first query');
    this.#options = options;
  }

  get missing(): number {
    return this.#listing.expected - this.found.size;
  }

  /** Takes over what is known, and what earlier attempts have found. */
  async resume(): Promise<void> {
    const { known, progress } = this.#options;
    if (known) this.found.addAll(known);
    if (!progress) return;
    for await (const { ids, offset } of progress.load()) {
      for (const some of ids) this.found.add(some);
      this.#offset = Math.max(this.#offset, offset);
    }
    // Where a pass has ended, the first answer of another tells how many rows the server sends at once.
    if (this.#offset >= this.#listing.expected) this.#offset = 0;
    if (this.missing >= 0) return;
    // Ids of another answer than the server's of today: they prove nothing, and are all found again.
    this.found.dispose();
    this.found = new RowIdSet();
    this.#offset = 0;
    if (known) this.found.addAll(known);
  }

  async run(): Promise<void> {
    let byGaps = false;
    for (let round = 0; this.missing > 0 && this.#idleRounds < IDLE_ROUNDS; round++) {
      const before = this.found.size;
      if (byGaps) await this.#askForGaps();
      else await this.#askByOffset(round);
      const isIdle = this.found.size === before;
      this.#idleRounds = isIdle ? this.#idleRounds + 1 : 0;
      if (byGaps) this.#idleGapRounds = isIdle ? this.#idleGapRounds + 1 : 0;
      byGaps = this.#gapsAreCheaper();
    }
  }

  /** Saves what is not saved yet, unless one answer had it all: that is as quickly asked for again. */
  async save(): Promise<void> {
    const { progress } = this.#options;
    if (!progress || this.#unsavedAnswers === 0 || (this.missing === 0 && this.#answers === 1)) return;
    await progress.save({ ids: this.#unsaved.slices(IDS_PER_SLICE), offset: this.#offset });
    this.#unsaved.dispose();
    this.#unsaved = new RowIdSet();
    this.#unsavedAnswers = 0;
  }

  dispose(): void {
    this.#unsaved.dispose();
  }

  /**
   * A pass from the first row on. A row that stands in an answer twice pushes another one out of it: so the next answer
   * begins behind as many rows as there were ids, and the pass goes on behind the rows that are counted. Each pass asks
   * for other ranges than the one before it, because a server may give the same answer to the same question.
   */
  async #askByOffset(round: number): Promise<void> {
    const { expected, filter } = this.#listing;
    if (round > 0) this.#offset = 0;
    const most = this.#mostOfPass(round);
    let looked = false;
    for (let stale = 0; this.missing > 0 && stale < STALE_ANSWERS;) {
      const left = Math.max(expected - this.#offset, this.missing);
      const limit = Math.min(most, this.#repeats || round > 0 ? roomFor(left) + round : left);
      const isBehind = this.#offset >= expected;
      const { rows, ids, fresh } = await this.#ask(filter, this.#offset, limit);
      this.#offset += ids;
      stale = fresh === 0 ? stale + 1 : 0;
      if (rows === 0 || (isBehind && fresh === 0)) break;
      if (!looked && fresh < rows * FRESH_SHARE && this.missing > 0) {
        looked = true;
        // What is left of the pass is hardly more than another one's first answer has.
        if (expected - this.#offset < this.#mostRows / 2 || this.#gapsAreCheaper()) break;
      }
      await this.#saveSome();
    }
    this.#offset = Math.max(this.#offset, expected); // the next attempt begins elsewhere
  }

  /** Rows that a pass asks for at once: all, and less than a server sends in every second of the later ones. */
  #mostOfPass(round: number): number {
    if (round === 0 || round % 2 === 1) return IDS_PER_REQUEST;
    return Math.max(1, Math.ceil(this.#mostRows * (1 - (round % 8) / 10)));
  }

  /** Asks for the ids that are not known, from the least on; the more of them are found, the fewer are left to ask for. */
  async #askForGaps(): Promise<void> {
    const { filter } = this.#listing;
    try {
      for (let from: bigint | undefined = 0n; from !== undefined && this.missing > 0;) {
        const query = nextGapQuery(this.found, from, this.#facts());
        const joined = filter === undefined ? query.filter : `(${filter}\n) AND (${query.filter})`;
        // More than are missing, to see whether there are more; and never just the same question twice.
        const limit = roomFor(Math.min(query.candidates, this.missing)) + this.#idleRounds;
        const { ids, fresh } = await this.#ask(joined, 0, Math.min(limit, IDS_PER_REQUEST));
        if (query.candidates <= IDS_PER_REQUEST) this.#density = Math.max(ids, 1) / query.candidates;
        // A full answer leaves ids out: the same stretch is asked for again, without those that are known by now.
        if (fresh === 0 || fresh < this.#mostRows / 2) from = query.next;
        await this.#saveSome();
      }
    } catch (thrown) {
      // A server that knows no such filter is asked by offsets alone.
      if (!(thrown instanceof OffloadError) || thrown.code !== 'SOURCE_REJECTED') throw thrown;
      this.#idleGapRounds = IDLE_GAP_ROUNDS;
    }
  }

  #facts(): { mostRows: number; density: number } {
    return { mostRows: Math.max(1, this.#mostRows), density: Math.min(1, this.#density) };
  }

  /** Whether asking for gaps takes no more requests than another pass, and helps. */
  #gapsAreCheaper(): boolean {
    if (this.#idleGapRounds >= IDLE_GAP_ROUNDS) return false;
    const mostRows = Math.max(1, this.#mostRows);
    const pass = Math.ceil(this.#listing.expected / mostRows);
    if (Math.ceil(this.missing / mostRows) > pass) return false;
    return countGapQueries(this.found, this.#facts(), pass + 1) <= pass;
  }

  async #ask(filter: string | undefined, offset: number, limit: number): Promise<Answer> {
    const { table, version } = this.#listing;
    const query = scanQuery({ version, filter, columns: [ROW_ID] }, { offset, limit });
    const { signal } = this.#options;
    const body = await this.#source.query(table, query, { maxBytes: MAX_BYTES, signal });
    if (!body)
      throw new OffloadError(
        'SOURCE_BAD_BODY',
        `The row ids of table "${table}" came with more than was asked for`,
        { table },
      );
    const lists = rowIdsIn(body);
    const answer = RowIdSet.of(...lists);
    try {
      const [before, ids] = [this.found.size, answer.size];
      const rows = lists.reduce((sum, list) => sum + list.length, 0);
      this.found.addAll(answer);
      this.#unsaved.addAll(answer);
      this.#unsavedAnswers += 1;
      this.#answers += 1;
      this.#mostRows = Math.max(this.#mostRows, ids);
      this.#repeats ||= rows > ids;
      return { rows, ids, fresh: this.found.size - before };
    } finally {
      answer.dispose();
      this.#source.recycle(body.buffer);
    }
  }

  async #saveSome(): Promise<void> {
    if (this.#unsavedAnswers >= ANSWERS_PER_PART) await this.save();
  }
}

/**
 * Lists the ids of all rows that match, reading nothing else. A server that answers in no fixed order, caps `k`, leaves
 * rows out or repeats them is asked in other ways until there are as many as it counts: by offsets and limits that change
 * with each pass, or for the ids that are not known yet, whichever takes fewer requests. A failed request is sent again
 * by itself.
 *
 * @returns a set that the caller disposes of.
 * @throws OffloadError `SOURCE_SHORT` where nothing new is found any more, `SOURCE_BAD_BODY` where there are more.
 */
export async function listRowIds(
  listing: RowIdListing,
  source: LanceClient,
  options: ListingOptions,
): Promise<RowIdSet> {
  const lister = new Lister(listing, source, options);
  try {
    await lister.resume();
    await lister.run();
    await lister.save();
    if (lister.missing === 0) return lister.found;
    const code = lister.missing > 0 ? 'SOURCE_SHORT' : 'SOURCE_BAD_BODY';
    throw new OffloadError(
      code,
      `Table "${listing.table}" at version ${listing.version}: the server counts ${listing.expected} rows and names ${lister.found.size}`,
      { table: listing.table },
    );
  } catch (error) {
    await lister.save().catch(() => undefined); // why the listing failed is what counts
    lister.found.dispose();
    throw error;
  } finally {
    lister.dispose();
  }
}

import { RoaringBitmap32 } from 'roaring-wasm';

/** Both halves of 64-bit ids, in the order of a little-endian machine, which is what WebAssembly needs anyway. */
function halvesOf(ids: BigUint64Array): Uint32Array {
  return new Uint32Array(ids.buffer, ids.byteOffset, ids.length * 2);
}

/** Ids one after the other, both ends included. */
export interface IdRun {
  readonly first: bigint;
  readonly last: bigint;
}

/** Ids that are looked at in one call to WebAssembly. */
const IDS_PER_LOOK = 8192;

/**
 * A set of row ids. A row id is `fragment << 32 | position`, or a small number where ids are stable, so a bitmap for each
 * upper half is small: a bit for most rows of a table, and never more than two bytes.
 *
 * Its memory lies outside the JavaScript heap: `dispose` gives it back.
 */
export class RowIdSet {
  readonly #bitmaps = new Map<number, RoaringBitmap32>();

  static of(...lists: readonly BigUint64Array[]): RowIdSet {
    const set = new RowIdSet();
    for (const ids of lists) set.add(ids);
    return set;
  }

  get size(): number {
    let size = 0;
    for (const bitmap of this.#bitmaps.values()) size += bitmap.size;
    return size;
  }

  add(ids: BigUint64Array): void {
    const halves = halvesOf(ids);
    for (let start = 0; start < ids.length;) {
      const high = halves[start * 2 + 1] ?? 0;
      let end = start + 1;
      while (end < ids.length && halves[end * 2 + 1] === high) end += 1;
      const lows = Uint32Array.from({ length: end - start }, (_, index) => halves[(start + index) * 2] ?? 0);
      this.#bitmapOf(high).addMany(lows);
      start = end;
    }
  }

  addAll(other: RowIdSet): void {
    for (const [high, bitmap] of other.#bitmaps) this.#bitmapOf(high).orInPlace(bitmap);
  }

  /** Takes the ids of another set out of this one. */
  remove(other: RowIdSet): void {
    for (const [high, bitmap] of this.#bitmaps) {
      const gone = other.#bitmaps.get(high);
      if (gone) bitmap.andNotInPlace(gone);
    }
  }

  /** The ids in ascending order, at most `limit` at a time. */
  *slices(limit: number): Generator<BigUint64Array<ArrayBuffer>> {
    let slice = new BigUint64Array(limit);
    let filled = 0;
    for (const high of [...this.#bitmaps.keys()].toSorted((a, b) => a - b)) {
      const bitmap = this.#bitmapOf(high);
      for (let at = 0; at < bitmap.size;) {
        const lows = bitmap.sliceArray(at, at + limit - filled);
        for (const low of lows) slice[filled++] = (BigInt(high) << 32n) | BigInt(low);
        at += lows.length;
        if (filled < limit) continue;
        yield slice;
        slice = new BigUint64Array(limit);
        filled = 0;
      }
    }
    if (filled > 0) yield slice.slice(0, filled);
  }

  /** The ids from one on, as runs in ascending order. */
  *runs(from = 0n): Generator<IdRun> {
    const fromHigh = Number(from >> 32n);
    const fromLow = Number(from & 0xffff_ffffn);
    for (const high of [...this.#bitmaps.keys()].filter((key) => key >= fromHigh).toSorted((a, b) => a - b)) {
      const bitmap = this.#bitmapOf(high);
      const { size } = bitmap;
      const base = BigInt(high) << 32n;
      const runOf = (first: number, last: number) => ({
        first: base + BigInt(first),
        last: base + BigInt(last),
      });
      let [first, last] = [-1, -1];
      for (let at = high === fromHigh && fromLow > 0 ? bitmap.rank(fromLow - 1) : 0; at < size;) {
        const lows = bitmap.sliceArray(at, at + IDS_PER_LOOK);
        at += lows.length;
        for (const low of lows) {
          if (first >= 0 && low !== last + 1) yield runOf(first, last);
          if (first < 0 || low !== last + 1) first = low;
          last = low;
        }
      }
      if (first >= 0) yield runOf(first, last);
    }
  }

  /** Takes the least ids out of this set, so many of them. */
  removeLeast(count: number): void {
    let left = count;
    for (const high of [...this.#bitmaps.keys()].toSorted((a, b) => a - b)) {
      if (left === 0) return;
      const bitmap = this.#bitmapOf(high);
      const [{ size }, end] = [bitmap, left];
      if (size <= left) bitmap.clear();
      else bitmap.removeRange(0, bitmap.select(end));
      left -= Math.min(size, left);
    }
  }

  dispose(): void {
    for (const bitmap of this.#bitmaps.values()) bitmap.dispose();
    this.#bitmaps.clear();
  }

  #bitmapOf(high: number): RoaringBitmap32 {
    const known = this.#bitmaps.get(high);
    if (known) return known;
    const bitmap = new RoaringBitmap32();
    this.#bitmaps.set(high, bitmap);
    return bitmap;
  }
}

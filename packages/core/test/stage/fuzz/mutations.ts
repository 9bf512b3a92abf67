import type { Layout, Range } from '../../../../lancedb/test/ipc/layout.ts';
import type { Random } from '../../../../lancedb/test/random.ts';

/** A body that was damaged, and what was done to it. */
export interface Mutant {
  readonly body: Uint8Array;
  readonly what: string;
}

type Mutation = (body: Uint8Array, layout: Layout, random: Random) => Mutant;

function edit(body: Uint8Array, what: string, change: (copy: Uint8Array, view: DataView) => void): Mutant {
  const copy = new Uint8Array(body);
  change(copy, new DataView(copy.buffer));
  return { body: copy, what };
}

function flip(ranges: readonly Range[], body: Uint8Array, random: Random): Mutant {
  const { start, end } = random.pick(ranges);
  const [at, bit] = [start + random.below(end - start), random.below(8)];
  return edit(body, `bit ${bit} of byte ${at} flipped`, (copy) => {
    copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  });
}

const HUGE = [2n ** 40n, 2n ** 62n, -1n, 2n ** 31n, 2n ** 31n - 1n, 0n, 1n, 4096n, -(2n ** 63n)];

/** A 64-bit word of the metadata (lengths, null counts, offsets, numbers of rows) becomes another. */
const wrongCount: Mutation = (body, { metadata }, random) => {
  const { start, end } = random.pick(metadata.filter((range) => range.end - range.start >= 16));
  const at = start + 4 * random.below(Math.floor((end - start - 8) / 4));
  const value = random.pick(HUGE);
  return edit(body, `64 bits at ${at} set to ${value}`, (_, view) => view.setBigInt64(at, value, true));
};

/** A 32-bit word of the metadata (sizes of vectors, offsets of tables) becomes another. */
const wrongWord: Mutation = (body, { metadata }, random) => {
  const { start, end } = random.pick(metadata.filter((range) => range.end - range.start >= 8));
  const at = start + 4 * random.below(Math.floor((end - start) / 4));
  const value = random.pick([0x7fff_ffff, -1, 0, 1, 2 ** 20, -(2 ** 31), random.below(256)]);
  return edit(body, `32 bits at ${at} set to ${value}`, (_, view) => view.setInt32(at, value, true));
};

/** Two neighbouring pairs of 64-bit words change places: field nodes, or regions of buffers. */
const swappedRegions: Mutation = (body, { metadata }, random) => {
  const { start, end } = random.pick(metadata.filter((range) => range.end - range.start >= 40));
  const at = start + 4 * random.below(Math.floor((end - start - 32) / 4));
  return edit(body, `16 bytes at ${at} swapped with the next`, (copy) => {
    const first = body.slice(at, at + 16);
    copy.copyWithin(at, at + 16, at + 32);
    copy.set(first, at + 16);
  });
};

const cut: Mutation = (body, _, random) => {
  const length = random.below(body.length);
  return { body: body.slice(0, length), what: `cut to ${length} bytes` };
};

function rejoin(body: Uint8Array, layout: Layout, order: readonly number[], what: string): Mutant {
  const { messages } = layout;
  const [first, last] = [messages[0]?.start ?? 0, messages.at(-1)?.end ?? 0];
  const pieces = order.map((index) => body.subarray(messages[index]?.start, messages[index]?.end));
  return {
    body: Uint8Array.from(Buffer.concat([body.subarray(0, first), ...pieces, body.subarray(last)])),
    what,
  };
}

const droppedMessage: Mutation = (body, layout, random) => {
  const index = random.below(layout.messages.length);
  const order = [...layout.messages.keys()].toSpliced(index, 1);
  return rejoin(body, layout, order, `message ${index} dropped`);
};

const doubledMessage: Mutation = (body, layout, random) => {
  const [index, at] = [random.below(layout.messages.length), random.below(layout.messages.length + 1)];
  return rejoin(
    body,
    layout,
    [...layout.messages.keys()].toSpliced(at, 0, index),
    `message ${index} again at ${at}`,
  );
};

const movedMessage: Mutation = (body, layout, random) => {
  const [from, to] = [random.below(layout.messages.length), random.below(layout.messages.length)];
  const order = [...layout.messages.keys()].toSpliced(from, 1).toSpliced(to, 0, from);
  return rejoin(body, layout, order, `message ${from} moved to ${to}`);
};

const cutOut: Mutation = (body, _, random) => {
  const at = random.below(body.length);
  const count = 1 + random.below(32);
  const rest = Buffer.concat([body.subarray(0, at), body.subarray(at + count)]);
  return { body: Uint8Array.from(rest), what: `${count} bytes cut out at ${at}` };
};

/** Damage to what says where rows, columns and buffers are. */
export const STRUCTURAL: readonly Mutation[] = [
  (body, { metadata }, random) => flip(metadata, body, random),
  wrongCount,
  wrongWord,
  swappedRegions,
  cut,
  droppedMessage,
  doubledMessage,
  movedMessage,
];

/** Damage to the bytes themselves: offsets, bitmaps, indices, texts, compressed frames, plain values, and bytes that are gone. */
export const VALUES: readonly Mutation[] = [
  (body, { buffers }, random) => flip(buffers, body, random),
  (body, { buffers }, random) => {
    const { start, end } = random.pick(buffers);
    const byte = random.pick([0, 0xff, 0x80]);
    return edit(body, `buffer at ${start} filled with ${byte}`, (copy) => copy.fill(byte, start, end));
  },
  cutOut,
];

/** How many values an embedding has. */
export const DIMENSIONS = 384;

/** Words too common to say what a text is about. */
const STOP_WORDS = new Set(
  'a an and any are as at be been being by for from has have in into is it its of on one or such that the their they this to used usually very was were which who with'.split(
    ' ',
  ),
);

/** A word counts as much as all of its character n-grams together, which liken `hunting` to `hunter`. */
const GRAM_SIZES = [3, 4] as const;

/**
 * Embeds a text as 384 float32 values of L2 norm 1: words and the character n-grams inside them, hashed to a signed position
 * each. It needs no model and gives the same values on every machine; it knows spelling, not meaning. A text without any word
 * gives zeros.
 *
 * The technique: feature hashing, Weinberger, Dasgupta, Langford, Smola and Attenberg, "Feature Hashing for Large Scale
 * Multitask Learning", ICML 2009 (the sign hash keeps inner products unbiased); n-grams within `<word>` bounds as in fastText,
 * Bojanowski et al. 2017.
 */
export function embed(text: string): Float32Array {
  const embedding = new Float32Array(DIMENSIONS);
  for (const word of wordsOf(text)) addWord(embedding, word);
  return normalise(embedding);
}

function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const telling = words.filter((word) => !STOP_WORDS.has(word));
  return telling.length > 0 ? telling : words;
}

function addWord(embedding: Float32Array, word: string): void {
  // The sign keeps the word `cat` apart from the n-gram `cat` of `concatenate`.
  addFeature(embedding, `=${word}`, 1);
  const grams = gramsOf(`<${word}>`);
  const weight = 1 / Math.sqrt(grams.length);
  for (const gram of grams) addFeature(embedding, gram, weight);
}

function gramsOf(text: string): string[] {
  const grams: string[] = [];
  for (const size of GRAM_SIZES) {
    for (let end = size; end <= text.length; end++) grams.push(text.slice(end - size, end));
  }
  return grams;
}

function addFeature(embedding: Float32Array, feature: string, weight: number): void {
  const hash = hash32(feature);
  const position = (hash >>> 1) % DIMENSIONS;
  embedding[position] = (embedding[position] ?? 0) + (hash & 1 ? weight : -weight);
}

/** FNV-1a over UTF-16 units, then MurmurHash3's finaliser, so that the low bits are as well mixed as the high ones. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function normalise(embedding: Float32Array): Float32Array {
  let squares = 0;
  for (const value of embedding) squares += value * value;
  if (squares === 0) return embedding;
  const scale = 1 / Math.sqrt(squares);
  return embedding.map((value) => value * scale);
}

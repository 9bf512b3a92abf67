import { readFileSync } from 'node:fs';
import path from 'node:path';
import type {
  Country as ListedCountry,
  Currency as ListedCurrency,
  OfficialAndCommon,
} from 'world-countries';
import { packageFolder } from './package-folder.ts';

/** A country or territory of ISO 3166-1; the source's keyed objects are lists of structs here. */
export type Country = {
  cca2: string;
  cca3: string;
  ccn3: string | null;
  /** The Olympic committee's code; null where there is no such committee. */
  cioc: string | null;
  name: {
    common: string;
    official: string;
    native: { language: string; common: string; official: string }[];
  };
  /** Null where it is disputed. */
  independent: boolean | null;
  un_member: boolean;
  region: string;
  subregion: string | null;
  capitals: string[];
  currencies: { code: string; name: string; symbol: string }[];
  languages: { code: string; name: string }[];
  /** ISO 3166-1 alpha-3 codes of the neighbours by land. */
  borders: string[];
  domains: string[];
  calling_code: { root: string | null; suffixes: string[] };
  location: { lat: number; lon: number };
  landlocked: boolean;
  area_km2: number | null;
  flag: string | null;
};

/** The world's countries as `world-countries` lists them. */
export function* readCountries(): Generator<Country> {
  const file = path.join(packageFolder('world-countries'), 'countries.json');
  const listed: ListedCountry[] = JSON.parse(readFileSync(file, 'utf8'));
  for (const country of listed) yield toCountry(country);
}

function toCountry(country: ListedCountry): Country {
  const { common, official, native } = country.name;
  const [lat, lon] = country.latlng;
  return {
    cca2: country.cca2,
    cca3: country.cca3,
    ccn3: country.ccn3 || null,
    cioc: country.cioc || null,
    name: { common, official, native: Object.entries(native).map(toNativeName) },
    independent: country.independent,
    un_member: country.unMember,
    region: country.region,
    subregion: country.subregion || null,
    capitals: country.capital,
    currencies: Object.entries(country.currencies).map(toCurrency),
    languages: Object.entries(country.languages).map(([code, name]) => ({ code, name })),
    borders: country.borders,
    domains: country.tld,
    calling_code: { root: country.idd.root || null, suffixes: country.idd.suffixes },
    location: { lat, lon },
    landlocked: country.landlocked,
    area_km2: country.area > 0 ? country.area : null,
    flag: country.flag || null,
  };
}

function toNativeName([language, { common, official }]: [string, OfficialAndCommon]) {
  return { language, common, official };
}

function toCurrency([code, { name, symbol }]: [string, ListedCurrency]) {
  return { code, name, symbol };
}

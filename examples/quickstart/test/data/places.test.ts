import { expect, test } from 'vitest';
import { readCities } from '../../src/data/cities.ts';
import { readCountries } from '../../src/data/countries.ts';

test('there are 135,233 cities, each in a country of the list', () => {
  const cities = [...readCities()];
  const countries = new Set([...readCountries()].map((country) => country.cca2));
  expect(cities).toHaveLength(135_233);
  expect(new Set(cities.map((city) => city.city_id)).size).toBe(135_233);
  expect(cities.filter((city) => !countries.has(city.country))).toEqual([]);
  expect(cities.find((city) => city.city_id === 5_454_711)).toEqual({
    city_id: 5_454_711,
    name: 'Albuquerque',
    other_name: null,
    country: 'US',
    admin_code: 'NM',
    municipality: null,
    feature_code: 'PPLA2',
    population: 559_121n,
    location: { lat: 35.08449, lon: -106.65114 },
  });
});

test('there are 250 countries, with lists of structs for what the source keys by a code', () => {
  const countries = [...readCountries()];
  expect(countries).toHaveLength(250);
  expect(countries.find((country) => country.cca2 === 'CH')).toMatchObject({
    cca3: 'CHE',
    region: 'Europe',
    currencies: [{ code: 'CHF', name: 'Swiss franc' }],
    landlocked: true,
    area_km2: 41_284,
  });
});

test('what a source does not know is null', () => {
  expect([...readCountries()].find((country) => country.cca2 === 'XK')).toMatchObject({
    ccn3: null,
    independent: null,
  });
  const cities = [...readCities()];
  expect(cities.filter((city) => city.population === null)).toHaveLength(12_788);
  expect(cities.find((city) => city.city_id === 8_949_003)?.municipality).toEqual({
    code: '047010',
    part: null,
  });
});

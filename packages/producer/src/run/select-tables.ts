import { OffloadError, type Config, type LanceClient, type RunRequest } from '@lance-offload/core';
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
 * The tables a command is about, with their options: those it names or matches, else those of the configuration, else
 * all of the project's. One listing of names; no table is opened.
 *
 * @throws OffloadError as `chooseTables` does, and `CONFIG_INVALID` for two tables with one destination, before
 *   anything is done.
 */
export async function selectTables(
  names: readonly string[],
  config: Config,
  source: LanceClient,
): Promise<RunRequest[]> {
  const chosen = chooseTables(names, config, { url: source.url, tables: await source.listTables() });
  const requests = chosen.map((table) => {
    const options = { ingestion_type: config.ingestion_type, ...config.tables?.get(table) };
    return { table, destination: options.destination_table ?? table, source: source.url, options };
  });
  refuseSharedDestinations(requests);
  return requests;
}

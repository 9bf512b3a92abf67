import { OffloadError, type Config, type LanceClient, type RunRequest } from '@lance-offload/core';
import { closest } from 'fastest-levenshtein';

function unknown(names: readonly string[], known: readonly string[], source: string): OffloadError {
  const lines = names.map((name) =>
    known.length > 0 ? `"${name}" (did you mean "${closest(name, known)}"?)` : `"${name}"`,
  );
  return new OffloadError('SOURCE_NOT_FOUND', `${source} has no table ${lines.join(', ')}`, {
    table: names[0] ?? '',
  });
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
 * The tables a command is about: those it names, else those of the configuration, else all of the project's.
 *
 * @throws OffloadError `SOURCE_NOT_FOUND` for a name the project does not have, before anything is done.
 */
export async function selectTables(
  names: readonly string[],
  config: Config,
  source: LanceClient,
): Promise<RunRequest[]> {
  const known = await source.listTables();
  const wanted = names.length > 0 ? [...new Set(names)] : [...(config.tables?.keys() ?? known)];
  const unlisted = wanted.filter((name) => !known.includes(name));
  const found = await Promise.all(unlisted.map((name) => isInNamespace(name, source)));
  const absent = unlisted.filter((_, index) => found[index] === false);
  if (absent.length > 0) throw unknown(absent, known, source.url);
  return wanted.map((table) => {
    const options = { ingestion_type: config.ingestion_type, ...config.tables?.get(table) };
    return { table, destination: options.destination_table ?? table, source: source.url, options };
  });
}

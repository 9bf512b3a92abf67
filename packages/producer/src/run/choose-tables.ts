import { nearestName, OffloadError, type Config } from '@lance-offload/base';
import { isPattern, matcherOf } from './table-patterns.ts';

/** What of the configuration chooses tables. */
export type Choice = Pick<Config, 'tables' | 'include' | 'exclude'>;

/** The project's tables, and where it is, for messages. */
export interface Project {
  readonly url: string;
  readonly tables: readonly string[];
}

function unknownNames(names: readonly string[], { url, tables }: Project): OffloadError {
  const lines = names.map((name) => {
    const nearest = nearestName(name, tables);
    return nearest === undefined ? `"${name}"` : `"${name}" (did you mean "${nearest}"?)`;
  });
  return new OffloadError('SOURCE_NOT_FOUND', `${url} has no table ${lines.join(', ')}`, {
    table: names[0] ?? '',
  });
}

function nothingMatches(pattern: string, { url, tables }: Project): OffloadError {
  const has =
    tables.length === 0
      ? 'it has no tables'
      : `it has ${tables.length}, such as ${tables
          .slice(0, 3)
          .map((name) => `"${name}"`)
          .join(', ')}`;
  return new OffloadError('SOURCE_NOT_FOUND', `No table of ${url} matches "${pattern}" (${has})`, {
    table: pattern,
  });
}

/** Tables of a project by what somebody wrote. A table of just that name goes before the pattern it may be. */
class Finder {
  readonly #project: Project;
  readonly #known: ReadonlySet<string>;
  readonly #isExcluded: (name: string) => boolean;

  constructor(project: Project, exclude: readonly string[]) {
    this.#project = project;
    this.#known = new Set(project.tables);
    const excluders = exclude.map((pattern) => this.#tester(pattern));
    this.#isExcluded = (name) => excluders.some((excludes) => excludes(name));
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** Every table, but for those that are excluded. */
  all(): string[] {
    return this.#project.tables.filter((name) => !this.#isExcluded(name));
  }

  /** The tables a pattern brings in. Throws where no table matches, excluded or not. */
  matching(pattern: string): string[] {
    const found = this.#project.tables.filter(this.#tester(pattern));
    if (found.length === 0) throw nothingMatches(pattern, this.#project);
    return found.filter((name) => !this.#isExcluded(name));
  }

  refuseUnknown(names: readonly string[]): void {
    const absent = names.filter((name) => !this.has(name));
    if (absent.length > 0) throw unknownNames(absent, this.#project);
  }

  #tester(pattern: string): (name: string) => boolean {
    return this.has(pattern) || !isPattern(pattern) ? (name) => name === pattern : matcherOf(pattern);
  }
}

function chooseNamed(wanted: readonly string[], finder: Finder): string[] {
  finder.refuseUnknown(wanted.filter((one) => !isPattern(one)));
  return wanted.flatMap((one) => {
    if (finder.has(one)) return [one];
    const found = finder.matching(one);
    if (found.length > 0) return found;
    throw new OffloadError(
      'CONFIG_INVALID',
      `Every table that matches "${one}" is excluded by the configuration (exclude); name it in full to have it all the same`,
      { table: one },
    );
  });
}

/**
 * The tables a command is about, each once: those it names or matches, else those of the configuration. A name always
 * counts; a pattern, wherever it stands, brings in what `exclude` leaves of its matches.
 *
 * @throws OffloadError `SOURCE_NOT_FOUND` for a name the project does not have and for a pattern without a match,
 *   `CONFIG_INVALID` for one on the command line whose matches are all excluded.
 */
export function chooseTables(wanted: readonly string[], choice: Choice, project: Project): string[] {
  const { tables, include, exclude = [] } = choice;
  const finder = new Finder(project, exclude);
  if (wanted.length > 0) return [...new Set(chooseNamed(wanted, finder))];
  const listed = [...(tables?.keys() ?? [])];
  finder.refuseUnknown(listed);
  if (include) return [...new Set([...listed, ...include.flatMap((pattern) => finder.matching(pattern))])];
  return tables ? listed : finder.all();
}

import picomatch from 'picomatch';

/** Stands for `/`, which is a letter like any other in a table's name, and never a folder's end. */
const SLASH = '\u{E000}';

const withoutSlashes = (text: string): string => text.replaceAll('/', SLASH);

/** Whether a text may be meant as a pattern: `*`, `?`, `[a-c]`, `{one,other}`. */
export function isPattern(text: string): boolean {
  return /[*?[{]/.test(text);
}

/**
 * The test for a glob pattern over full table identifiers (`namespace$table`): `*` stands for any characters, `$`, `.`
 * and `/` among them. Upper and lower case differ, as they do at the source. A backslash takes the next character as it is.
 */
export function matcherOf(pattern: string): (table: string) => boolean {
  const matches = picomatch(withoutSlashes(pattern), {
    dot: true,
    nonegate: true,
    noextglob: true,
    posix: true, // `[!a]` is "not a"
  });
  return (table) => matches(withoutSlashes(table));
}

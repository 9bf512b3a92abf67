/** A code point as Java folds it: its simple upper case, then the simple lower case of that. */
function foldPoint(point: string): string {
  const upper = point.toUpperCase();
  // A mapping to several code points (`ß` to `SS`) is none of Unicode's simple ones.
  const single = Array.from(upper).length === 1 ? upper : point;
  return Array.from(single.toLowerCase())[0] ?? '';
}

/**
 * What a name is to readers that do not look at case: two names that share one of these are one to at least one of them.
 * delta-rs and ClickHouse (both delta-kernel-rs) and Delta's own checks compare names in lower case, by Unicode's full
 * mapping; Spark finds columns by Java's `equalsIgnoreCase`, to which `s` and `ſ`, `σ` and `ς`, `i` and `ı` are one too.
 * DuckDB folds ASCII letters only.
 */
function foldsOf(name: string): readonly string[] {
  return [name.toLowerCase(), Array.from(name, foldPoint).join('')];
}

/** Whether a reader that does not look at case takes two names for one. */
export function isSameName(a: string, b: string): boolean {
  const folds = new Set(foldsOf(a));
  return foldsOf(b).some((fold) => folds.has(fold));
}

/** Finds, of what has a name, the first that such a reader takes for the same. */
export function byFoldedName<T extends { readonly name: string }>(
  named: readonly T[],
): (name: string) => T | undefined {
  const index = new Map<string, T>();
  for (const one of named.toReversed()) for (const fold of foldsOf(one.name)) index.set(fold, one);
  return (name) => foldsOf(name).flatMap((fold) => index.get(fold) ?? [])[0];
}

/** The first two names, if any, that such a reader takes for one. */
export function findTwins(names: readonly string[]): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    const folds = foldsOf(name);
    const twin = folds.flatMap((fold) => seen.get(fold) ?? [])[0];
    if (twin !== undefined) return [twin, name];
    for (const fold of folds) seen.set(fold, name);
  }
  return undefined;
}

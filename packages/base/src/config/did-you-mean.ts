import { closest, distance } from 'fastest-levenshtein';

/** The known name that was probably meant by an unknown one; nothing where none is like it. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const nearest = closest(name, known);
  return distance(name, nearest) <= Math.max(2, name.length / 3) ? nearest : undefined;
}

/** `; did you mean "title"?`, to stand behind an unknown name; empty where none is like it. */
export function didYouMean(name: string, known: readonly string[], quote = '"'): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean ${quote}${nearest}${quote}?`;
}

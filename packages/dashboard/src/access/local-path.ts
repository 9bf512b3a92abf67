const ORIGIN = 'http://dashboard.invalid';

/** Pages of the login itself, which lead nowhere, and answers that are no pages. */
const NO_TARGET = /^\/(?:login|logout|api)(?:[/?#.]|$)/;

/** The path to go to after a login, where it is one of this dashboard’s pages; its first page otherwise. */
export function localPath(next: unknown): string {
  if (typeof next !== 'string' || !next.startsWith('/')) return '/';
  // The browser’s own rules: `//host`, `/\host` and `/<tab>/host` are other sites.
  const url = URL.parse(next, ORIGIN);
  if (!url || url.origin !== ORIGIN) return '/';
  const path = `${url.pathname}${url.search}${url.hash}`;
  // `/.//host` is a path of this site that has become another’s address.
  return path.startsWith('//') || NO_TARGET.test(path) ? '/' : path;
}

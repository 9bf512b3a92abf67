import { useEffect, useRef } from 'preact/hooks';
import { createStore, useStore } from './store.ts';

export type Route =
  | { readonly screen: 'overview' }
  | { readonly screen: 'run'; readonly runId: string }
  | { readonly screen: 'failures' }
  | { readonly screen: 'control' }
  | { readonly screen: 'none' };

/** Which screen a path is. */
export function routeOf(path: string): Route {
  if (path === '/') return { screen: 'overview' };
  if (path === '/failures' || path === '/control')
    return { screen: path === '/failures' ? 'failures' : 'control' };
  const runId = /^\/runs\/([^/]+)$/.exec(path)?.[1];
  return runId === undefined ? { screen: 'none' } : { screen: 'run', runId: decodeURIComponent(runId) };
}

export function runPath(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}`;
}

/** A path with the parameters that have a value. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | null | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value));
  }
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}

interface Place {
  readonly path: string;
  readonly search: string;
}

const here = (): Place => ({ path: location.pathname, search: location.search });
const place = createStore<Place>({ path: '/', search: '' });

export function usePath(): string {
  return useStore(place, ({ path }) => path);
}

export function useQuery(): URLSearchParams {
  return new URLSearchParams(useStore(place, ({ search }) => search));
}

let hasNavigated = false;

/** Shows the screen of the address; returns whether it is another than before. */
function arrive(): boolean {
  const isOther = location.pathname !== place.get().path;
  hasNavigated ||= isOther;
  place.set(here());
  return isOther;
}

/** Goes to a screen of the client, without loading anything. `replace`: the one before is not to be come back to. */
export function navigate(href: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  if (arrive()) scrollTo({ top: 0, behavior: 'instant' });
}

function followLink(event: MouseEvent): void {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link?.href || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.hash || routeOf(link.pathname).screen === 'none') return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}

/** Makes real links navigate without loading; call once. */
export function startRouter(): void {
  place.set(here());
  addEventListener('popstate', arrive);
  document.addEventListener('click', followLink);
}

/** Title of the browser's tab, and the focus on the screen's heading once somebody has navigated to it. */
export function useHeading(title: string, prefix = '') {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${prefix}${title} · lance-offload`;
  }, [title, prefix]);
  const path = usePath();
  useEffect(() => {
    if (hasNavigated) heading.current?.focus({ preventScroll: true });
  }, [path]);
  return heading;
}

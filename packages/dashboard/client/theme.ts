import { createStore } from './store.ts';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'lance-offload.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system'; // storage may be forbidden
  }
}

export const theme = createStore<Theme>(stored());
/** Counts changes of the colours, for what is drawn with them. */
export const colours = createStore(0);

function show(): void {
  const chosen = theme.get();
  document.documentElement.dataset['theme'] =
    chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
  colours.set(colours.get() + 1);
}

export function chooseTheme(next: Theme): void {
  theme.set(next);
  try {
    if (next === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // It holds until the page is closed.
  }
  show();
}

/** Before anything is drawn. */
export function startTheme(): void {
  show();
  dark.addEventListener('change', show);
}

/** A colour of the style sheets, such as `--busy`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

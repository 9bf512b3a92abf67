import type { TargetedEvent } from 'preact';
import { useNow } from '../clock.ts';
import { count, roughly, timeOfDay } from '../format.ts';
import { fleet, isFresh } from '../live/fleet.ts';
import { changeToken } from '../request.ts';
import { usePath } from '../router.ts';
import { session } from '../session.ts';
import { useStore } from '../store.ts';
import { chooseTheme, theme, type Theme } from '../theme.ts';
import { Icon } from './icon.tsx';

const openedAtMs = Date.now();

/** Whether what is shown is as it is now, and if not, why and since when. */
function ConnectionState() {
  const state = useStore(fleet, (whole) => whole);
  const { connection, topic, isSilent, status, heardAtMs } = state;
  const age = useNow(() => (heardAtMs === null ? '' : roughly((Date.now() - heardAtMs) / 1000)));
  const since = useNow(() => (status ? roughly((Date.now() - status.sinceMs) / 1000) : ''));
  if (connection === 'live' && status?.redis === 'lost')
    return <Connected tone="bad" text={`Redis has not answered for ${since}`} age={age} />;
  if (isFresh(state)) return <Connected tone="good" text="live" age="" />;
  if (isSilent)
    return <Connected tone="warn" text={`not live since ${timeOfDay(heardAtMs ?? openedAtMs)}`} age={age} />;
  const isNew = connection === 'connecting' && topic !== 'reconnecting';
  return <Connected tone="warn" text={isNew ? 'connecting' : 'reconnecting'} age={age} />;
}

function Connected({ tone, text, age }: { tone: string; text: string; age: string }) {
  return (
    <span class={`connection ${tone}`}>
      <span class="mark" aria-hidden="true" />
      <span class="connection-text">
        {text}
        {age && <span class="age">, data of {age} ago</span>}
      </span>
    </span>
  );
}

/** The same for a screen reader: told when it changes, not with every second. */
function ConnectionNews() {
  const news = useStore(fleet, (state) => {
    if (state.overview === null || isFresh(state)) return '';
    if (state.connection === 'live' && state.status?.redis === 'lost') return 'Redis does not answer.';
    return state.connection === 'live' && state.isSilent ? 'Nothing new comes.' : 'The connection is lost.';
  });
  return (
    <span class="sr-only" role="status">
      {news}
    </span>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const THEME_WORDS: Readonly<Record<Theme, string>> = {
  system: 'as the system has it',
  light: 'light',
  dark: 'dark',
};

function ThemeButton() {
  const chosen = useStore(theme, (value) => value);
  const label = `Colours: ${THEME_WORDS[chosen]}. Change to ${THEME_WORDS[NEXT[chosen]]}.`;
  return (
    <button
      type="button"
      class="quiet icon-only"
      aria-label={label}
      title={label}
      onClick={() => chooseTheme(NEXT[chosen])}
    >
      <Icon name={chosen} />
    </button>
  );
}

/** When it is sent and not before: the session may have got another token meanwhile. */
function addToken({ currentTarget }: TargetedEvent<HTMLFormElement>): void {
  const field = currentTarget.elements.namedItem('_csrf');
  if (field instanceof HTMLInputElement) field.value = changeToken();
}

function User() {
  const who = useStore(session, (value) => value);
  if (!who) return null;
  return (
    <div class="user">
      <span class="who">
        {who.user} <span class="faint">{who.role === 'viewer' ? 'looks on' : who.role}</span>
      </span>
      {who.canLogOut && (
        <form method="post" action="/logout" onSubmit={addToken}>
          <input type="hidden" name="_csrf" />
          <button type="submit" class="quiet" aria-label="Log out">
            <Icon name="out" /> <span class="out-word">Log out</span>
          </button>
        </form>
      )}
    </div>
  );
}

function Nav() {
  const path = usePath();
  const failures = useStore(fleet, ({ overview }) => overview?.fleet.failures ?? 0);
  const current = (href: string): 'page' | undefined => (path === href ? 'page' : undefined);
  return (
    <nav class="main-nav" aria-label="Screens">
      <a href="/" aria-current={current('/')}>
        Overview
      </a>
      <a href="/failures" aria-current={current('/failures')}>
        Failures
        {failures > 0 && <span class="count">{count(failures)}</span>}
      </a>
      <a href="/queues">Queues</a>
      <a href="/control" aria-current={current('/control')}>
        Control
      </a>
    </nav>
  );
}

export function Header() {
  return (
    <header class="top">
      <div class="top-line">
        <a class="product" href="/" aria-label="lance-offload, to the overview">
          <span class="logo" aria-hidden="true" /> lance-offload
        </a>
        <Nav />
        <div class="top-end">
          <ConnectionState />
          <ConnectionNews />
          <ThemeButton />
          <User />
        </div>
      </div>
    </header>
  );
}

/** Over every screen while the fleet is paused: whoever wonders why nothing moves sees it first. */
export function PausedBanner() {
  const paused = useStore(fleet, ({ overview }) => overview?.control.fleetPaused ?? false);
  const fresh = useStore(fleet, isFresh);
  if (!paused) return null;
  return (
    <div class={fresh ? 'banner' : 'banner stale'} role="status">
      <Icon name="pause" /> The fleet is paused: no page is started. <a href="/control">Go to Control</a>
    </div>
  );
}

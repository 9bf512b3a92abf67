import { fleet, isFresh } from './live/fleet.ts';
import { ControlPage } from './pages/control.tsx';
import { FailuresPage } from './pages/failures.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { RunPage } from './pages/run.tsx';
import { Header, PausedBanner } from './parts/header.tsx';
import { Toasts } from './parts/toasts.tsx';
import { routeOf, usePath } from './router.ts';
import { useStore } from './store.ts';

const PAGES = {
  overview: OverviewPage,
  failures: FailuresPage,
  control: ControlPage,
  none: NotFoundPage,
} as const;

function Page() {
  const route = routeOf(usePath());
  if (route.page === 'run') return <RunPage key={route.runId} runId={route.runId} />;
  const Shown = PAGES[route.page];
  return <Shown />;
}

export function App() {
  const isStale = useStore(fleet, (state) => state.overview !== null && !isFresh(state));
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Header />
      <PausedBanner />
      <main id="main" class={isStale ? 'stale' : undefined} tabIndex={-1}>
        <Page />
      </main>
      <Toasts />
    </>
  );
}

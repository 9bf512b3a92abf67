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

function Page() {
  const route = routeOf(usePath());
  switch (route.page) {
    case 'overview':
      return <OverviewPage />;
    case 'run':
      return <RunPage key={route.runId} runId={route.runId} />;
    case 'failures':
      return <FailuresPage />;
    case 'control':
      return <ControlPage />;
    case 'none':
      return <NotFoundPage />;
  }
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

import { fleet, isFresh } from './live/fleet.ts';
import { ControlScreen } from './screens/control.tsx';
import { FailuresScreen } from './screens/failures.tsx';
import { NotFoundScreen } from './screens/not-found.tsx';
import { OverviewScreen } from './screens/overview.tsx';
import { RunScreen } from './screens/run.tsx';
import { Header, PausedBanner } from './parts/header.tsx';
import { Toasts } from './parts/toasts.tsx';
import { routeOf, usePath } from './router.ts';
import { useStore } from './store.ts';

const SCREENS = {
  overview: OverviewScreen,
  failures: FailuresScreen,
  control: ControlScreen,
  none: NotFoundScreen,
} as const;

function Screen() {
  const route = routeOf(usePath());
  if (route.screen === 'run') return <RunScreen key={route.runId} runId={route.runId} />;
  const Shown = SCREENS[route.screen];
  return <Shown />;
}

export function App() {
  const isStale = useStore(fleet, (state) => state.overview !== null && !isFresh(state));
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <PausedBanner />
      <main id="main" class={isStale ? 'stale' : undefined} tabIndex={-1}>
        <Screen />
      </main>
      <Toasts />
    </>
  );
}

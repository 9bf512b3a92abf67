import { render } from 'preact';
import { App } from './app.tsx';
import { followFleet } from './live/fleet.ts';
import { startRouter } from './router.ts';
import { startSession } from './session.ts';
import { startTheme } from './theme.ts';

startTheme();
startRouter();
followFleet();
void startSession();
const root = document.querySelector('#app');
if (root) render(<App />, root);

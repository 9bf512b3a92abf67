// To look at the pages without a fleet: node packages/dashboard/test/client/serve-fixture.ts busy|calm|empty [PORT] [viewer]
import { listen } from '../../src/listen.ts';
import { createFixture } from './fixture-server.ts';
import type { Scenario } from './fixture-fleet.ts';

const [scenario = 'busy', port = '4000', role] = process.argv.slice(2);
const { app } = createFixture({
  scenario: scenario as Scenario,
  role: role === 'viewer' ? 'viewer' : 'operator',
});
const { url } = await listen(app, '127.0.0.1', Number(port));
process.stdout.write(`${url}\n`);

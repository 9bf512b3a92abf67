// Runs a script of this repository under the pinned Node (npm package `node`), whatever Node npm itself runs on.
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const bin = path.join(root, 'node_modules/node/bin');
const child = spawn(
  path.join(bin, 'node'),
  ['--disable-warning=ExperimentalWarning', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: [bin, path.join(root, 'node_modules/.bin'), process.env.PATH].join(path.delimiter),
    },
  },
);
// Ctrl-C reaches the child through the terminal's process group; this process only waits for it to finish.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));

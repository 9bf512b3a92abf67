import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

test('a command whose answer nobody reads ends quietly, with the exit code of its work', async () => {
  const args = ['--conditions=dev', MAIN, 'tables', '--json', '--config', '/nowhere/offload.yaml'];
  const child = spawn(process.execPath, args);
  child.stdout.destroy();
  const exited = once(child, 'exit');
  const said = await text(child.stderr);
  expect(await exited).toEqual([78, null]);
  expect(said).toMatch(/^lance-offload: \[CONFIG_INVALID\]/);
  expect(said).not.toContain('EPIPE');
});

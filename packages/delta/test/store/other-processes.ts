import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('claiming-process.ts', import.meta.url));

/**
 * Has several processes create the same keys at the same time.
 *
 * @returns the keys that each has won.
 */
export async function claimFromProcesses(
  count: number,
  keys: readonly string[],
  { address, prefix }: { readonly address: string; readonly prefix: string },
): Promise<string[][]> {
  const processes = Array.from({ length: count }, (_, index) => {
    const asked = JSON.stringify({ address, prefix, keys, text: `process ${index}` });
    const child = spawn(process.execPath, ['--conditions=dev', PROGRAM, asked], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return {
      child,
      lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
      ended: once(child, 'close'),
    };
  });
  for (const { lines } of processes) await lines.next(); // it is ready
  for (const { child } of processes) child.stdin.end('go\n');
  return Promise.all(
    processes.map(async ({ lines, ended }) => {
      const { value } = await lines.next();
      await ended;
      return JSON.parse(String(value)) as string[];
    }),
  );
}

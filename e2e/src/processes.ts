import { readdir, readFile } from 'node:fs/promises';

async function parentOf(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // "pid (name) state ppid …", where the name may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // ended meanwhile
  }
}

/** The children of a process, their children, and so on. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const parents = await Promise.all(pids.map(async (child) => ({ child, parent: await parentOf(child) })));
  const found = [pid];
  for (const ancestor of found) {
    found.push(...parents.filter(({ parent }) => parent === ancestor).map(({ child }) => child));
  }
  return found.slice(1);
}

export async function isRunning(pid: number): Promise<boolean> {
  return (await parentOf(pid)) !== undefined;
}

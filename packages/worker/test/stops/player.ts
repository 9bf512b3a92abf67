import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Outcome, Task } from './play-part.ts';

const PROGRAM = path.join(import.meta.dirname, 'play-part.ts');
const FLAGS = ['--conditions=dev', '--disable-warning=ExperimentalWarning'];

/** The state of a process, as the kernel tells it: `T` where it is stopped. */
async function stateOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2)[0]; // "pid (name) state …", where the name may hold anything
}

const start = (): ChildProcess => fork(PROGRAM, { execArgv: FLAGS });

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const ended = new AbortController();
  const { signal } = ended;
  try {
    const said = once(child, 'message', { signal }).then(([outcome]) => outcome as Outcome);
    const died = once(child, 'exit', { signal }).then(([, by]) => ({ result: String(by), operations: [] }));
    return await Promise.race([said, died]);
  } finally {
    ended.abort();
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** A part that is under way. */
interface Playing {
  /** Settles when the part is over, or its process is dead. */
  readonly outcome: Promise<Outcome>;
  /** Waits until the process has stopped; says whether it has, or the part is over. */
  readonly stopped: () => Promise<boolean>;
  readonly wake: () => void;
}

/** Plays parts of runs in a process of its own, one after the other. */
export class Player {
  #child = start();
  /** Takes the place of one that is to die: it is started beforehand. */
  #next: ChildProcess | undefined;

  begin(task: Task): Playing {
    const child = this.#child;
    const { pid } = child;
    let over = false;
    const outcome = outcomeOf(child).finally(() => {
      over = true;
    });
    child.send(task);
    if (task.halt?.signal === 'SIGKILL') {
      this.#child = this.#next ?? start();
      this.#next = start();
    }
    const stopped = async () => {
      for (;;) {
        if (over || pid === undefined) return false;
        if ((await stateOf(pid).catch(() => undefined)) === 'T') return true;
        await pause(1);
      }
    };
    return { outcome, stopped, wake: () => child.kill('SIGCONT') };
  }

  async close(): Promise<void> {
    await Promise.all([end(this.#child), end(this.#next)]);
  }
}

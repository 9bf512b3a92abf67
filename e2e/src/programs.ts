import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

export interface Outcome {
  /** `null` for a program that a signal ended. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const packages = path.resolve(import.meta.dirname, '../../packages');

/** The commands as they are installed: their bins, which run what was built. */
export const BINS = {
  offload: path.join(packages, 'producer/bin/lance-offload.mjs'),
  worker: path.join(packages, 'worker/bin/lance-worker.mjs'),
  dashboard: path.join(packages, 'dashboard/bin/lance-dashboard.mjs'),
  server: path.join(packages, 'lancedb-server/bin/lancedb-server.mjs'),
} as const;

/** A process under test, with everything it has said. */
export class Program {
  readonly ended: Promise<Outcome>;
  readonly #child: ChildProcess;
  #out = '';
  #err = '';
  #over = false;
  readonly #listeners = new Set<() => void>();

  constructor(command: string, args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.#child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#tell();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
      this.#tell();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => {
        this.#over = true;
        this.#tell();
        resolve({ code, out: this.#out, err: this.#err });
      });
    });
    this.ended.catch(() => undefined); // told to whoever awaits it
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process could not be started');
    return this.#child.pid;
  }

  /** Standard output and standard error, so far. */
  get said(): string {
    return this.#out + this.#err;
  }

  /** Waits until the program has said something. Fails when it ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(this.said);
        if (!found && !this.#over) return;
        this.#listeners.delete(look);
        if (found) resolve(found);
        else reject(new Error(`ended without saying ${pattern}:\n${this.said}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: NodeJS.Signals): Promise<Outcome> {
    this.send(signal);
    return this.ended;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

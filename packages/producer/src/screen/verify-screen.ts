import type { VerifyProgress } from '@lance-offload/verify';
import { Presets, SingleBar } from 'cli-progress';
import { formatCount, formatSeconds } from './format.ts';

/** Where the progress of a verification goes: a bar on a terminal, a line now and then elsewhere. Both on standard error. */
export interface VerifyScreen {
  show(table: string, progress: VerifyProgress): void;
  /** A table is done. */
  finish(): void;
}

const LINE_EVERY_MS = 5000;

const STEPS = {
  source: 'rows of the source read',
  lake: 'rows of the lake read',
  keys: 'keys of the source read',
} as const satisfies Record<VerifyProgress['step'], string>;

/** A table and a step of its verification, and when it began. */
class Step {
  readonly #name: string;
  readonly #startedMs = Date.now();

  constructor(table: string, { step }: VerifyProgress) {
    this.#name = `${table} ${step}`;
  }

  is(table: string, { step }: VerifyProgress): boolean {
    return this.#name === `${table} ${step}`;
  }

  words({ step, rows, of }: VerifyProgress): string {
    const seconds = (Date.now() - this.#startedMs) / 1000;
    const left = rows > 0 && seconds >= 1 ? `, ${formatSeconds((seconds / rows) * (of - rows))} left` : '';
    return `${formatCount(rows)} of ${formatCount(of)} ${STEPS[step]}${left}`;
  }
}

class BarScreen implements VerifyScreen {
  #bar: SingleBar | undefined;
  #step: Step | undefined;

  show(table: string, progress: VerifyProgress): void {
    if (!this.#bar || !this.#step?.is(table, progress)) {
      this.finish();
      this.#step = new Step(table, progress);
      this.#bar = new SingleBar(
        {
          format: `{table} {bar} {percentage}% | {words}`,
          hideCursor: true,
          clearOnComplete: true,
          barsize: 20,
          fps: 5,
          stream: process.stderr,
        },
        Presets.shades_classic,
      );
      this.#bar.start(progress.of, 0, { table, words: '' });
    }
    this.#bar.update(progress.rows, { words: this.#step.words(progress) });
  }

  finish(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

class LineScreen implements VerifyScreen {
  #saidMs = Date.now();
  #step: Step | undefined;

  show(table: string, progress: VerifyProgress): void {
    if (!this.#step?.is(table, progress)) this.#step = new Step(table, progress);
    if (Date.now() - this.#saidMs < LINE_EVERY_MS) return;
    this.#saidMs = Date.now();
    process.stderr.write(`${table}: ${this.#step.words(progress)}\n`);
  }

  finish(): void {
    this.#step = undefined;
  }
}

export function createVerifyScreen(): VerifyScreen {
  return process.stderr.isTTY ? new BarScreen() : new LineScreen();
}

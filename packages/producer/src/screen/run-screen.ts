import { isSettled, type RunStatus } from '@lance-offload/fleet';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { RunProgress } from '../run/follow-runs.ts';
import { pausedWords } from './control-words.ts';
import { formatBytes, formatCount, formatSeconds } from './format.ts';
import { repairWords } from './run-words.ts';

/** Where progress goes: a bar per table on a terminal, a line now and then elsewhere. */
export interface RunScreen {
  show(progress: readonly RunProgress[]): void;
  close(): void;
}

const LINE_EVERY_MS = 5000;

/** Speed since the run was first seen to move, and the time the rest will take at it. */
class Pace {
  #startedMs = Date.now();
  #first: { rows: number; bytes: number } | undefined;

  measure({ status, staged }: RunProgress): {
    rowsPerSecond: number;
    bytesPerSecond: number;
    secondsLeft: number;
  } {
    this.#first ??= { rows: staged.rows, bytes: staged.bytes };
    if (staged.rows === this.#first.rows) this.#startedMs = Date.now(); // waiting for its turn
    const seconds = Math.max((Date.now() - this.#startedMs) / 1000, 0.001);
    const rowsPerSecond = (staged.rows - this.#first.rows) / seconds;
    const left = Math.max(0, (status.sourceRows ?? 0) - staged.rows);
    return {
      rowsPerSecond,
      bytesPerSecond: (staged.bytes - this.#first.bytes) / seconds,
      secondsLeft: left === 0 ? 0 : left / rowsPerSecond,
    };
  }
}

function stateWords(status: RunStatus): string {
  const failed = status.pages?.failed ?? 0;
  return [
    status.state,
    ...(failed > 0 && !isSettled(status.state) ? [`${failed} failed`] : []),
    ...(status.paused === undefined ? [] : [pausedWords(status)]),
  ].join(', ');
}

/** `12/20 pages`, and behind them what had to be fetched again. */
export function pagesWords({ state, pages }: RunStatus): string {
  if (!pages) return '';
  if (state === 'unchanged') return 'nothing to read';
  return [`${pages.staged}/${pages.total} pages`, ...repairWords(pages.repairs)].join(' + ');
}

/** Rows of the planned pages, and those that were fetched behind them. */
function rowsWords({ rows, repairedRows }: RunProgress['staged']): string {
  return formatCount(rows) + (repairedRows === 0 ? '' : ` + ${formatCount(repairedRows)} repaired`);
}

class BarScreen implements RunScreen {
  readonly #multi = new MultiBar(
    {
      format:
        '{table} {bar} {percentage}% | {pages} | {rows} rows | {rowRate} rows/s | {byteRate}/s | {left} | {state}',
      hideCursor: true,
      clearOnComplete: false,
      barsize: 20,
      fps: 5,
      forceRedraw: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  readonly #bars = new Map<string, { bar: SingleBar; pace: Pace }>();

  show(progress: readonly RunProgress[]): void {
    const width = Math.max(...progress.map(({ status }) => status.table.length));
    for (const one of progress) {
      const { status, staged } = one;
      const known = this.#bars.get(status.runId) ?? { bar: this.#multi.create(1, 0), pace: new Pace() };
      this.#bars.set(status.runId, known);
      const pace = known.pace.measure(one);
      const done = isSettled(status.state) && status.report !== undefined;
      const total = Math.max(status.sourceRows ?? 1, 1);
      known.bar.setTotal(total);
      known.bar.update(done ? total : staged.rows, {
        table: status.table.padEnd(width),
        pages: pagesWords(status),
        rows: rowsWords(staged),
        rowRate: formatCount(pace.rowsPerSecond),
        byteRate: formatBytes(pace.bytesPerSecond),
        left: done ? 'done' : pace.rowsPerSecond > 0 ? `${formatSeconds(pace.secondsLeft)} left` : 'waiting',
        state: stateWords(status),
      });
    }
  }

  close(): void {
    this.#multi.stop();
  }
}

class LineScreen implements RunScreen {
  readonly #last = new Map<string, { words: string; atMs: number; pace: Pace }>();

  show(progress: readonly RunProgress[]): void {
    for (const one of progress) {
      const { status, staged } = one;
      const before = this.#last.get(status.runId);
      const pace = before?.pace ?? new Pace();
      const speed = pace.measure(one);
      const words = stateWords(status);
      if (before?.words === words && (Date.now() - before.atMs < LINE_EVERY_MS || isSettled(status.state)))
        continue;
      this.#last.set(status.runId, { words, atMs: Date.now(), pace });
      const facts = [`${status.table}: ${words}`, pagesWords(status)].filter(Boolean);
      if (staged.rows > 0) facts.push(`${rowsWords(staged)} of ${formatCount(status.sourceRows ?? 0)} rows`);
      if (speed.rowsPerSecond > 0)
        facts.push(`${formatCount(speed.rowsPerSecond)} rows/s`, `${formatBytes(speed.bytesPerSecond)}/s`);
      if (status.state === 'staging' && speed.rowsPerSecond > 0)
        facts.push(`${formatSeconds(speed.secondsLeft)} left`);
      process.stderr.write(`${facts.join(', ')}\n`);
    }
  }

  close(): void {
    // Nothing is held: every line is written when it is due.
  }
}

export function createRunScreen(): RunScreen {
  return process.stderr.isTTY ? new BarScreen() : new LineScreen();
}

import type { PageCell } from '../../src/api/run-answers.ts';
import { count } from '../format.ts';

/** How a cell is drawn: the worst that is in it. `staged` only if all of it is. */
export type CellLook = 'failed' | 'retrying' | 'active' | 'waiting' | 'partial' | 'staged';

export function lookOf(cell: PageCell): CellLook {
  if (cell.failed > 0) return 'failed';
  if (cell.retrying > 0) return 'retrying';
  if (cell.active > 0) return 'active';
  if (cell.waiting === 0) return 'staged';
  return cell.staged > 0 ? 'partial' : 'waiting';
}

/** The share of a cell's pages that is staged, in steps of a tenth: the height of its filling. */
export function shareOf({ from, to, staged }: PageCell): number {
  return Math.floor((staged / (to - from + 1)) * 10) / 10;
}

const PARTS = [
  ['failed', 'failed'],
  ['retrying', 'retrying'],
  ['active', 'running'],
  ['waiting', 'waiting'],
  ['staged', 'done'],
] as const;

export function rangeWords(from: number, to: number): string {
  return from === to ? `Page ${count(from)}` : `Pages ${count(from)}–${count(to)}`;
}

/** `Pages 300–399: 2 failed, 98 done`; of a single page `Page 300: failed`. */
export function cellWords(cell: PageCell): string {
  const parts = PARTS.filter(([part]) => cell[part] > 0);
  const words =
    cell.from === cell.to
      ? parts.map(([, word]) => word)
      : parts.map(([part, word]) => `${count(cell[part])} ${word}`);
  return `${rangeWords(cell.from, cell.to)}: ${words.join(', ') || 'unknown'}`;
}

/** Where a key leads from cell `index` of `total` cells in lines of `across`; undefined for keys that lead nowhere. */
export function moveOf(key: string, index: number, total: number, across: number): number | undefined {
  const last = total - 1;
  const targets: Readonly<Record<string, number>> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - across >= 0 ? index - across : index,
    ArrowDown: index + across <= last ? index + across : index,
    Home: 0,
    End: last,
    PageUp: index - across * 5 >= 0 ? index - across * 5 : index % across,
    PageDown: Math.min(index + across * 5, last),
  };
  const target = targets[key];
  return target === undefined ? undefined : Math.min(Math.max(target, 0), last);
}

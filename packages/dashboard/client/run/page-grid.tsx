import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageCell, PageCells } from '../../src/api/run-answers.ts';
import { Unchanged } from '../parts/unchanged.ts';
import { cellWords, lookOf, moveOf, shareOf } from './cell-words.ts';

/** Width of a cell with its gap, as the style sheet has it. */
const CELL_PX = 26;

interface CellProps {
  readonly cell: PageCell;
  readonly index: number;
  readonly isCurrent: boolean;
  readonly isChosen: boolean;
}

function Cell({ cell, index, isCurrent, isChosen }: CellProps) {
  const words = cellWords(cell);
  const look = lookOf(cell);
  const share = shareOf(cell);
  return (
    <Unchanged by={[words, look, share, isCurrent, isChosen, index]}>
      {() => (
        <div
          role="gridcell"
          data-index={index}
          class={`cell ${look}`}
          tabIndex={isCurrent ? 0 : -1}
          aria-label={words}
          aria-selected={isChosen}
          title={words}
          style={{ '--share': String(share) }}
        />
      )}
    </Unchanged>
  );
}

function indexOf(target: EventTarget | null): number | undefined {
  const cell = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
  return cell ? Number(cell.dataset['index']) : undefined;
}

/** How many cells fit beside each other. */
function useAcross(total: number) {
  const box = useRef<HTMLDivElement>(null);
  const [across, setAcross] = useState(20);
  useEffect(() => {
    const measure = (): void =>
      setAcross(Math.max(1, Math.floor(((box.current?.clientWidth ?? 0) + 2) / CELL_PX)));
    const observer = new ResizeObserver(measure);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return { box, across: Math.min(across, Math.max(total, 1)) };
}

interface PageGridProps {
  readonly answer: PageCells;
  readonly chosenPage: number | null;
  readonly onOpen: (cell: PageCell) => void;
  readonly onBack: (() => void) | null;
}

/**
 * Pages as cells, at most 1,000 of them; a cell of many pages is filled as far as they are done and marked by the worst
 * of them. One cell takes part in the order of Tab, the arrow keys go from there.
 */
export function PageGrid({ answer: { cells }, chosenPage, onOpen, onBack }: PageGridProps) {
  const [current, setCurrent] = useState(0);
  const { box, across } = useAcross(cells.length);
  const at = Math.min(current, cells.length - 1);
  const goTo = (index: number): void => {
    setCurrent(index);
    box.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus();
  };
  const openAt = (index: number | undefined): void => {
    const cell = index === undefined ? undefined : cells[index];
    if (index === undefined || !cell) return;
    setCurrent(cell.from === cell.to ? index : 0);
    onOpen(cell);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = moveOf(event.key, at, cells.length, across);
    if (target !== undefined) goTo(target);
    else if (event.key === 'Enter' || event.key === ' ') openAt(at);
    else if ((event.key === 'Escape' || event.key === 'Backspace') && onBack) onBack();
    else return;
    event.preventDefault();
  };
  const lines = Array.from({ length: Math.ceil(cells.length / across) }, (_, line) => line * across);
  return (
    // oxlint-disable-next-line jsx-a11y/interactive-supports-focus -- its cells take the focus, one of them by Tab
    <div
      ref={box}
      role="grid"
      class="grid"
      aria-label="Pages of the run. Arrow keys move, Enter opens, Escape goes back."
      onKeyDown={onKeyDown}
      onClick={(event) => openAt(indexOf(event.target))}
      onFocusIn={(event) => setCurrent(indexOf(event.target) ?? at)}
    >
      {lines.map((start) => (
        <div key={start} role="row" class="grid-row">
          {cells.slice(start, start + across).map((cell, offset) => (
            <Cell
              key={cell.from}
              cell={cell}
              index={start + offset}
              isCurrent={start + offset === at}
              isChosen={chosenPage !== null && chosenPage >= cell.from && chosenPage <= cell.to}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

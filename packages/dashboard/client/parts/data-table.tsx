import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { count } from '../format.ts';
import { Select } from './fields.tsx';
import { Icon } from './icon.tsx';
import { Unchanged } from './unchanged.ts';
import { sortRows, type Sort, type SortValue } from './sort-rows.ts';

export interface Column<Row> {
  readonly key: string;
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly sort?: (row: Row) => SortValue;
  readonly numeric?: boolean;
  /** On a narrow screen, where rows are cards: `title` heads the card with `state` at its end, `whole` takes a line of its own. */
  readonly card?: 'title' | 'state' | 'whole';
  /** Takes what the others leave of the width. */
  readonly wide?: boolean;
}

interface DataTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sort: Sort;
  readonly empty: ComponentChildren;
  readonly toneOf?: (row: Row) => string | undefined;
}

const ROWS_SHOWN = 25;

interface RowProps<Row> {
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  readonly tone: string | undefined;
}

/** Drawn again only when its row is another object: of 200 tables a few change in a second. */
function TableRow<Row>({ row, columns, tone }: RowProps<Row>) {
  return (
    <Unchanged by={[row, columns, tone]}>
      {() => (
        <tr role="row" class={tone}>
          {columns.map(({ key, head, cell, numeric, card, wide }) => (
            <td
              key={key}
              role="cell"
              data-head={head}
              class={[numeric && 'numeric', wide && 'wide', card].filter(Boolean).join(' ') || undefined}
            >
              {cell(row)}
            </td>
          ))}
        </tr>
      )}
    </Unchanged>
  );
}

interface HeadProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort;
  readonly onSort: (key: string) => void;
}

function HeadCell<Row>({ column: { key, head, sort: sortable, numeric }, sort, onSort }: HeadProps<Row>) {
  const isSorted = sort.key === key;
  const order = sort.descending ? 'descending' : 'ascending';
  return (
    <th
      role="columnheader"
      scope="col"
      class={numeric ? 'numeric' : undefined}
      aria-sort={sortable && isSorted ? order : undefined}
    >
      {sortable ? (
        <button type="button" class="sort" onClick={() => onSort(key)}>
          {head}
          {isSorted && <Icon name={sort.descending ? 'down' : 'up'} />}
        </button>
      ) : (
        head
      )}
    </th>
  );
}

/**
 * A table that sorts by its headings and shows 25 rows at a time; on a narrow screen its rows become cards.
 * Its roles are spelled out, because what is not laid out as a table loses them.
 */
export function DataTable<Row>({
  caption,
  columns,
  rows,
  keyOf,
  sort: first,
  empty,
  toneOf,
}: DataTableProps<Row>) {
  const [sort, setSort] = useState(first);
  const [part, setPart] = useState(0);
  const sorted = useMemo(() => {
    const valueOf = columns.find(({ key }) => key === sort.key)?.sort;
    return valueOf ? sortRows(rows, valueOf, sort.descending, keyOf) : rows;
  }, [rows, columns, sort]);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const parts = Math.ceil(sorted.length / ROWS_SHOWN);
  const current = Math.min(part, parts - 1);
  const sortBy = (key: string): void => {
    setPart(0);
    setSort((before) => ({ key, descending: before.key === key ? !before.descending : false }));
  };
  const sortable = columns.filter((column) => column.sort);
  return (
    <>
      {sortable.length > 1 && (
        <div class="card-sort">
          <Select
            label={`Sort ${caption} by`}
            value={sort.key}
            onValue={(key) => setSort({ key, descending: false })}
            options={sortable.map(({ key, head }) => [key, `Sort by ${head.toLowerCase()}`] as const)}
          />
        </div>
      )}
      <table role="table" class="data" aria-label={caption}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <HeadCell key={column.key} column={column} sort={sort} onSort={sortBy} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {sorted.slice(current * ROWS_SHOWN, (current + 1) * ROWS_SHOWN).map((row) => (
            <TableRow key={keyOf(row)} row={row} columns={columns} tone={toneOf?.(row)} />
          ))}
        </tbody>
      </table>
      <PartsNav of={caption} part={current} size={ROWS_SHOWN} total={sorted.length} onPart={setPart} />
    </>
  );
}

interface PartsNavProps {
  readonly of: string;
  readonly part: number;
  readonly size: number;
  readonly total: number;
  readonly onPart: (part: number) => void;
}

/** Nothing where everything fits. */
export function PartsNav({ of, part, size, total, onPart }: PartsNavProps) {
  if (total <= size) return null;
  const last = Math.ceil(total / size) - 1;
  return (
    <nav class="pager" aria-label={`Parts of ${of}`}>
      <button type="button" class="small" disabled={part === 0} onClick={() => onPart(part - 1)}>
        Previous
      </button>
      <span>
        {count(part * size + 1)}–{count(Math.min((part + 1) * size, total))} of {count(total)}
      </span>
      <button type="button" class="small" disabled={part >= last} onClick={() => onPart(part + 1)}>
        Next
      </button>
    </nav>
  );
}

import type { Receipt } from '../stage/receipt.ts';
import type { AuditResult } from './audit.ts';

/** What staging a run took, and what the audit found: it goes into the log entry, so that a report needs nothing else. */
export interface StagedTotals {
  /** Different rows of the source that are staged. */
  readonly distinctRowIds: number;
  /** Pages of the plan, and beside them those of repairs. */
  readonly pages: number;
  readonly repairs: number;
  readonly requests: number;
  /** Bytes of the Arrow answers. */
  readonly sourceBytes: number;
  /** Rows that the plan's pages lacked, fetched by their ids. */
  readonly missing: number;
  /** Rows the server sent more than once. */
  readonly repeated: number;
}

const sum = (some: readonly Receipt[], of: (receipt: Receipt) => number): number =>
  some.reduce((total, receipt) => total + of(receipt), 0);

/** Totals of an audited run. */
export function totalsOf(
  receipts: readonly Receipt[],
  { rows, distinctRowIds }: Pick<AuditResult, 'rows' | 'distinctRowIds'>,
): StagedTotals {
  const repairs = receipts.filter(({ page }) => page.repair);
  return {
    distinctRowIds,
    pages: receipts.length - repairs.length,
    repairs: repairs.length,
    requests: sum(receipts, ({ requests }) => requests),
    sourceBytes: sum(receipts, ({ sourceBytes }) => sourceBytes),
    missing: sum(
      repairs.filter(({ page }) => page.scan === 'rows'),
      ({ page }) => page.limit,
    ),
    repeated: rows - distinctRowIds,
  };
}

import type { RunKey, Staging } from '@lance-offload/core';

export interface StagedTotals {
  /** Of the planned pages. */
  readonly rows: number;
  readonly bytes: number;
  /** Rows that the planned pages lacked, and that were fetched behind them. */
  readonly repairedRows: number;
}

/** Sums up a run's receipts as they appear, reading each one once. */
export class StagedProgress {
  readonly #seen = new Set<number>();
  readonly #key: RunKey;
  readonly #staging: Staging;
  #rows = 0;
  #repairedRows = 0;
  #bytes = 0;

  constructor(key: RunKey, staging: Staging) {
    this.#key = key;
    this.#staging = staging;
  }

  async update(): Promise<StagedTotals> {
    for (const index of await this.#staging.listReceipts(this.#key)) {
      if (this.#seen.has(index)) continue;
      const receipt = await this.#staging.readReceipt(this.#key, index);
      if (!receipt) continue;
      this.#seen.add(index);
      if (receipt.page.scan === 'rows' && receipt.page.repair) this.#repairedRows += receipt.rows;
      else if (receipt.page.scan === 'rows') this.#rows += receipt.rows;
      this.#bytes += receipt.sourceBytes;
    }
    return { rows: this.#rows, bytes: this.#bytes, repairedRows: this.#repairedRows };
  }
}

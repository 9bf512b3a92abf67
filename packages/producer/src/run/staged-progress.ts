import type { RunKey, Staging } from '@lance-offload/core';

export interface StagedTotals {
  readonly rows: number;
  readonly bytes: number;
  readonly pages: number;
}

/** Sums up a run's receipts as they appear, reading each one once. */
export class StagedProgress {
  readonly #seen = new Set<number>();
  readonly #key: RunKey;
  readonly #staging: Staging;
  #rows = 0;
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
      if (receipt.page.scan === 'rows') this.#rows += receipt.rows;
      this.#bytes += receipt.sourceBytes;
    }
    return { rows: this.#rows, bytes: this.#bytes, pages: this.#seen.size };
  }
}

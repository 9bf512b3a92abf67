import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openLake, type Staging } from '@lance-offload/core';

/** A lake that can be put back to how it was, whatever is done to it. Its views name its place, so that stays the same. */
export class KeptLake {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Has a lake prepared, and keeps it as it then is. */
  static async make(prepare: (staging: Staging) => Promise<unknown>): Promise<KeptLake> {
    const lake = new KeptLake(await mkdtemp(path.join(tmpdir(), 'offload-stops-')));
    await prepare(openLake(lake.place));
    await cp(lake.place, lake.#kept, { recursive: true });
    return lake;
  }

  get place(): string {
    return path.join(this.#folder, 'lake');
  }

  get #kept(): string {
    return path.join(this.#folder, 'kept');
  }

  /** Puts it back. */
  async reset(): Promise<Staging> {
    await rm(this.place, { recursive: true, force: true });
    await cp(this.#kept, this.place, { recursive: true });
    return openLake(this.place);
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

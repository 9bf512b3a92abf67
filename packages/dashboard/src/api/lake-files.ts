import type { RunKey, RunPlan, RunReport, Staging } from '@lance-offload/core';

const MOST_KEPT = 100;

/** Plans and reports as read from the lake. Neither changes once it is there, so the last few are kept. */
export class LakeFiles {
  readonly #staging: Staging;
  readonly #plans = new Map<string, RunPlan>();
  readonly #reports = new Map<string, RunReport>();

  constructor(staging: Staging) {
    this.#staging = staging;
  }

  async plan(key: RunKey): Promise<RunPlan | undefined> {
    return keep(this.#plans, key.runId, () => this.#staging.findPlan(key));
  }

  async report(key: RunKey): Promise<RunReport | undefined> {
    return keep(this.#reports, key.runId, () => this.#staging.findReport(key));
  }
}

async function keep<File>(
  files: Map<string, File>,
  runId: string,
  read: () => Promise<File | undefined>,
): Promise<File | undefined> {
  const known = files.get(runId);
  if (known) return known;
  const file = await read();
  if (!file) return undefined;
  const [oldest] = files.keys();
  if (files.size >= MOST_KEPT && oldest !== undefined) files.delete(oldest);
  files.set(runId, file);
  return file;
}

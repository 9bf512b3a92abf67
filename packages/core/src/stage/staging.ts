import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { OffloadError } from '@lance-offload/base';
import {
  FORMAT_VERSION,
  getText,
  makeClaim,
  openStore,
  StoreView,
  parseFile,
  type Attempted,
  type Claimed,
  type Store,
} from '@lance-offload/delta';
import type { Page } from '../plan/page.ts';
import { runPlanSchema, type RunPlan } from '../plan/run-plan.ts';
import { decisionSchema, type Decision } from '../commit/decision.ts';
import { openingSchema, type Opening } from '../lake/opening.ts';
import { decodeTableName, LakePaths, newAttemptId } from '../lake/paths.ts';
import { receiptSchema, type Receipt } from './receipt.ts';
import { runReportSchema, type RunReport } from '../commit/report.ts';

/** What the objects are called by which a lake is tried out. */
export const PROBES = '_probe-';

/** Names a run in the lake. */
export interface RunKey {
  readonly destination: string;
  readonly runId: string;
}

/** Opens a lake: a path, or a `file://` address. */
export function openLake(lake: string): Staging {
  return new Staging(openStore(lake));
}

/**
 * What of a lake readers do not see: openings, plans, staged pages with their receipts, decisions, reports. Each of these is a claim: it
 * is written if absent, and the first one stands. Data files have their attempt's id in their names.
 */
export class Staging {
  readonly store: Store;
  readonly keys = new LakePaths();

  /** Until when this one reads and writes. */
  readonly signal: AbortSignal | undefined;

  constructor(store: Store, signal?: AbortSignal) {
    this.store = store;
    this.signal = signal;
  }

  /** What the lake is called in messages. */
  get name(): string {
    return this.store.locate('');
  }

  /** The same lake until a signal says stop: then nothing is read or written any more. */
  during(signal: AbortSignal): Staging {
    return new Staging(new StoreView(this.store, { signal }), signal);
  }

  /** The store of one table: its keys are relative to the table's folder. */
  table(destination: string): Store {
    return new StoreView(this.store, { prefix: `${this.keys.table(destination)}/` });
  }

  /**
   * Makes sure that the lake can be written, and that it knows who was first: everything here rests on that.
   *
   * @throws OffloadError `LAKE_UNAVAILABLE`.
   */
  async checkWritable(): Promise<void> {
    const key = `${PROBES}${randomUUID()}`;
    try {
      if ((await this.store.putIfAbsent(key, 'first')) && !(await this.store.putIfAbsent(key, 'second')))
        return;
    } finally {
      await this.store.delete([key]);
    }
    throw new OffloadError(
      'LAKE_UNAVAILABLE',
      `The lake ${this.name} writes a file that is there already when it is told to create it: two writers would overwrite each other's work; keep the lake elsewhere`,
      { path: this.name },
    );
  }

  /** Makes a run's plan unless it has one; a plan is never changed. Returns the one that stands. */
  async createPlan(plan: RunPlan): Promise<RunPlan> {
    const { claim } = await this.#claim(this.keys.plan(plan.destination, plan.runId), plan, runPlanSchema);
    return claim;
  }

  findPlan({ destination, runId }: RunKey): Promise<RunPlan | undefined> {
    return this.#find(this.keys.plan(destination, runId), runPlanSchema);
  }

  async readPlan(key: RunKey): Promise<RunPlan> {
    const plan = await this.findPlan(key);
    if (plan) return plan;
    throw new OffloadError('RUN_NOT_FOUND', `Run ${key.runId} has no plan in the lake ${this.name}`, {
      runId: key.runId,
    });
  }

  findReport({ destination, runId }: RunKey): Promise<RunReport | undefined> {
    return this.#find(this.keys.report(destination, runId), runReportSchema);
  }

  /** Ends a run with a report unless it has one. Returns the one that stands. */
  async createReport(report: RunReport): Promise<RunReport> {
    const key = this.keys.report(report.destination, report.runId);
    const { claim } = await this.#claim(key, report, runReportSchema);
    return claim;
  }

  findDecision({ destination, runId }: RunKey): Promise<Decision | undefined> {
    return this.#find(this.keys.decision(destination, runId), decisionSchema);
  }

  /** Decides what becomes of a run unless that is decided. Returns the decision that stands. */
  async decide({ destination, runId }: RunKey, decision: Decision['decision']): Promise<Decision> {
    const wanted: Decision = {
      formatVersion: FORMAT_VERSION,
      runId,
      decision,
      attempt: newAttemptId(),
      atMs: Date.now(),
    };
    const { claim } = await this.#claim(this.keys.decision(destination, runId), wanted, decisionSchema);
    return claim;
  }

  /** How a run has ended: its report says it, or that it is to be cancelled; `undefined` where it has not. */
  async endOf(key: RunKey): Promise<RunReport['state'] | undefined> {
    const report = await this.findReport(key);
    if (report) return report.state;
    return (await this.findDecision(key))?.decision === 'cancel' ? 'cancelled' : undefined;
  }

  async hasEnded(key: RunKey): Promise<boolean> {
    return (await this.endOf(key)) !== undefined;
  }

  /** The last opening of a table; `undefined` where it had none, as in lakes of releases before 2026-12. */
  async lastOpening(destination: string): Promise<Opening | undefined> {
    for await (const { key } of this.store.list(`${this.keys.openings(destination)}/`))
      return this.readOpening(key);
    return undefined;
  }

  /** What an opening says, by its key in the lake. */
  readOpening(key: string): Promise<Opening | undefined> {
    return this.#find(key, openingSchema);
  }

  /** Makes an opening unless its number is taken. */
  async claimOpening(opening: Opening): Promise<Claimed<Opening>> {
    const { destination } = opening.job;
    const made = await this.#claim(this.keys.opening(destination, opening.number), opening, openingSchema);
    const last = await this.lastOpening(destination);
    // Others may have gone on from this number since it was looked up, and theirs have been put away.
    return made.mine && last && last.number > opening.number ? { claim: last, mine: false } : made;
  }

  /**
   * A page's receipt, if the page is staged.
   *
   * @throws OffloadError `LAKE_UNAVAILABLE` where the files it names are gone or are not whole: nothing of ours removes them.
   */
  async findReceipt(key: RunKey, page: Page): Promise<Receipt | undefined> {
    const receipt = await this.readReceipt(key, page.index);
    if (!receipt) return undefined;
    const table = this.table(key.destination);
    // Two repairs at once may want one number for different rows: the first one has it.
    if (!page.repair && !isDeepStrictEqual(receipt.page, page))
      throw damagedPage(key, page, 'the receipt is of another page');
    for (const file of receipt.files) {
      const found = await table.head(file.path);
      if (found?.size === file.size) continue;
      const what = found ? `has ${found.size} bytes instead of ${file.size}` : 'is gone';
      throw damagedPage(key, page, `the file ${table.locate(file.path)} ${what}`);
    }
    return receipt;
  }

  readReceipt({ destination, runId }: RunKey, index: number): Promise<Receipt | undefined> {
    return this.#find(this.keys.receipt(destination, runId, index), receiptSchema);
  }

  /** Indexes of the pages that have a receipt, ascending. */
  async listReceipts({ destination, runId }: RunKey): Promise<number[]> {
    const indexes: number[] = [];
    for await (const { key } of this.store.list(`${this.keys.receipts(destination, runId)}/`)) {
      const index = /\/page-(\d+)\.json$/.exec(key)?.[1];
      if (index !== undefined) indexes.push(Number(index));
    }
    return indexes.toSorted((a, b) => a - b);
  }

  /** Writes one file of a page under its attempt's name, where nothing refers to it yet. */
  async writeData(destination: string, relativePath: string, bytes: Uint8Array): Promise<void> {
    await createData(this.table(destination), relativePath, bytes);
  }

  /** Makes a page's receipt unless it has one. Returns the one that stands: the first staged copy of a page counts. */
  async claimReceipt(destination: string, receipt: Receipt): Promise<Receipt> {
    const key = this.keys.receipt(destination, receipt.runId, receipt.page.index);
    const { claim } = await this.#claim(key, receipt, receiptSchema);
    return claim;
  }

  /** Names of the lake's tables, whether published or only staged. */
  async listTables(): Promise<string[]> {
    const tables: string[] = [];
    for await (const folder of this.store.listFolders(`${this.keys.tables}/`)) {
      const table = decodeTableName(folder);
      if (table !== undefined) tables.push(table);
    }
    return tables;
  }

  /** Ids of a table's runs, oldest first. */
  async listRuns(destination: string): Promise<string[]> {
    const runs: string[] = [];
    for await (const folder of this.store.listFolders(`${this.keys.runs(destination)}/`))
      if (folder !== OPENINGS) runs.push(folder);
    return runs;
  }

  /**
   * The run of a table that has a plan and has not ended, if there is one. It is that of the last opening; only in a lake of releases
   * before 2026-12 whose table has had no run since, each run is looked at.
   */
  async findOpenRun(destination: string): Promise<RunPlan | undefined> {
    const opening = await this.lastOpening(destination);
    const runs = opening ? [opening.runId] : (await this.listRuns(destination)).toReversed();
    for (const runId of runs) {
      const key = { destination, runId };
      if (await this.store.head(this.keys.report(destination, runId))) continue;
      const plan = await this.findPlan(key);
      if (plan && !(await this.hasEnded(key))) return plan;
    }
    return undefined;
  }

  async #find<T extends z.ZodType>(key: string, schema: T): Promise<z.output<T> | undefined> {
    const text = await getText(this.store, key);
    return text === undefined ? undefined : parseFile(schema, this.store.locate(key), text);
  }

  #claim<T extends Attempted>(key: string, claim: T, schema: z.ZodType<T>): Promise<Claimed<T>> {
    return makeClaim(this.store, key, claim, (text) => parseFile(schema, this.store.locate(key), text));
  }
}

const OPENINGS = 'openings';

/**
 * Writes a data object, whose name nobody else has.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function createData(
  store: Store,
  key: string,
  body: Parameters<Store['putIfAbsent']>[1],
): Promise<void> {
  if (await store.putIfAbsent(key, body)) return;
  throw new Error(`${store.locate(key)} is there already, though its name is random`);
}

function damagedPage({ runId }: RunKey, { index }: Page, what: string): OffloadError {
  const message = `Run ${runId}, page ${index}: ${what}; cancel the run and start a new one`;
  return new OffloadError('LAKE_UNAVAILABLE', message, { runId, page: index });
}

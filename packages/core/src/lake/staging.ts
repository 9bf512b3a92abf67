import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { OffloadError } from '../errors/offload-error.ts';
import { asLakeError, hasErrno } from '../errors/system-errors.ts';
import type { Page } from '../jobs/payloads.ts';
import { FORMAT_VERSION, runPlanSchema, type RunPlan } from '../plan/run-plan.ts';
import { createFileAtomic, readFileIfAny, temporaryName, writeFileAtomic } from './files.ts';
import { decodeTableName, LakePaths } from './paths.ts';
import { receiptSchema, type Receipt } from './receipt.ts';
import { runReportSchema, type RunReport } from './report.ts';

/** Names a run in the lake. */
export interface RunKey {
  readonly destination: string;
  readonly runId: string;
}

/** A file of ours, parsed. A later format is refused rather than misread. */
function parseFile<T extends z.ZodType>(schema: T, file: string, text: string): z.output<T> {
  let problem = 'not JSON';
  try {
    const json: unknown = JSON.parse(text);
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const version =
      typeof json === 'object' && json !== null && 'formatVersion' in json
        ? Number(json.formatVersion)
        : undefined;
    if (version !== undefined && version > FORMAT_VERSION) {
      throw new OffloadError('LAKE_TOO_NEW', `${file} was written by a newer version (format ${version})`, {
        path: file,
      });
    }
    problem = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new OffloadError('LAKE_UNAVAILABLE', `${file} is damaged: ${problem}`, { path: file });
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted();
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw asLakeError(error, 'list', folder);
  }
}

/** The part of a lake that readers do not see: plans, staged pages with their receipts, reports. */
export class Staging {
  readonly paths: LakePaths;

  constructor(paths: LakePaths) {
    this.paths = paths;
  }

  /**
   * Makes sure that the lake's folder is there and can be written.
   *
   * @throws OffloadError `LAKE_UNAVAILABLE`.
   */
  async checkWritable(): Promise<void> {
    const probe = temporaryName(this.paths.database);
    await writeFileAtomic(probe, '');
    await rm(probe, { force: true });
  }

  /** Writes a run's plan unless it has one; a plan is never changed. */
  async createPlan(plan: RunPlan): Promise<void> {
    await createFileAtomic(
      this.paths.plan(plan.destination, plan.runId),
      `${JSON.stringify(plan, null, 2)}\n`,
    );
  }

  async findPlan({ destination, runId }: RunKey): Promise<RunPlan | undefined> {
    const file = this.paths.plan(destination, runId);
    const text = await readFileIfAny(file);
    return text === undefined ? undefined : parseFile(runPlanSchema, file, text);
  }

  async readPlan(key: RunKey): Promise<RunPlan> {
    const plan = await this.findPlan(key);
    if (plan) return plan;
    throw new OffloadError('RUN_NOT_FOUND', `Run ${key.runId} has no plan in the lake ${this.paths.root}`, {
      runId: key.runId,
    });
  }

  async findReport({ destination, runId }: RunKey): Promise<RunReport | undefined> {
    const file = this.paths.report(destination, runId);
    const text = await readFileIfAny(file);
    return text === undefined ? undefined : parseFile(runReportSchema, file, text);
  }

  async writeReport(report: RunReport): Promise<void> {
    await writeFileAtomic(
      this.paths.report(report.destination, report.runId),
      `${JSON.stringify(report, null, 2)}\n`,
    );
  }

  /** Writes a run's report unless it has one. Returns whether this call did. */
  async createReport(report: RunReport): Promise<boolean> {
    return createFileAtomic(
      this.paths.report(report.destination, report.runId),
      `${JSON.stringify(report, null, 2)}\n`,
    );
  }

  /** A page's receipt, if the page is staged: the receipt is there and so are its files, whole. */
  async findReceipt(key: RunKey, page: Page): Promise<Receipt | undefined> {
    const receipt = await this.readReceipt(key, page.index);
    if (!receipt || !isDeepStrictEqual(receipt.page, page)) return undefined;
    for (const file of receipt.files) {
      const found = await this.#sizeOf(path.join(this.paths.table(key.destination), file.path));
      if (found !== file.size) return undefined;
    }
    return receipt;
  }

  async readReceipt({ destination, runId }: RunKey, index: number): Promise<Receipt | undefined> {
    const file = this.paths.receipt(destination, runId, index);
    const text = await readFileIfAny(file);
    return text === undefined ? undefined : parseFile(receiptSchema, file, text);
  }

  /** Indexes of the pages that have a receipt, ascending. */
  async listReceipts({ destination, runId }: RunKey): Promise<number[]> {
    const names = await listFolder(this.paths.receipts(destination, runId));
    return names.flatMap((name) => /^page-(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
  }

  /** Writes one Parquet file of a page to its final place, where nothing refers to it yet. */
  async writeData(destination: string, relativePath: string, bytes: Uint8Array): Promise<void> {
    await writeFileAtomic(path.join(this.paths.table(destination), relativePath), bytes);
  }

  async writeReceipt(destination: string, receipt: Receipt): Promise<void> {
    await writeFileAtomic(
      this.paths.receipt(destination, receipt.runId, receipt.page.index),
      `${JSON.stringify(receipt)}\n`,
    );
  }

  /** Names of the lake's tables, whether published or only staged. */
  async listTables(): Promise<string[]> {
    return (await listFolder(this.paths.tables)).flatMap((folder) => decodeTableName(folder) ?? []);
  }

  /** Ids of a table's runs, oldest first. */
  async listRuns(destination: string): Promise<string[]> {
    return listFolder(this.paths.runs(destination));
  }

  /** The run of a table that has a plan and no report, if there is one. */
  async findOpenRun(destination: string): Promise<RunPlan | undefined> {
    for (const runId of (await this.listRuns(destination)).toReversed()) {
      const plan = await this.findPlan({ destination, runId });
      if (plan && !(await this.findReport({ destination, runId }))) return plan;
    }
    return undefined;
  }

  /** Removes a run's staged files. Never for a published run: they are the table's data then. */
  async discard({ destination, runId }: RunKey): Promise<void> {
    await rm(this.paths.data(destination, runId), { recursive: true, force: true });
    await rm(this.paths.keys(destination, runId), { recursive: true, force: true });
    await rm(this.paths.receipts(destination, runId), { recursive: true, force: true });
  }

  async #sizeOf(file: string): Promise<number | undefined> {
    try {
      return (await stat(file)).size;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw asLakeError(error, 'read', file);
    }
  }
}

import { tmpdir } from 'node:os';
import path from 'node:path';
import { OffloadError } from '../errors/offload-error.ts';
import { pageCount, planPages, type RunPlan } from '../plan/run-plan.ts';
import { parquetFiles, withDuckDB } from './duckdb.ts';
import type { Receipt, StagedFile } from './receipt.ts';
import type { Staging } from './staging.ts';

/** Small: the audit reads two narrow columns, and spills what does not fit. */
const AUDIT_MEMORY = '256MB';

/** What the files of a run hold, read back from them. */
export interface AuditResult {
  readonly rows: number;
  readonly distinctRowIds: number;
}

const SQL = {
  perFile: (files: readonly string[]) =>
    `SELECT filename, count(*)::BIGINT AS rows, sum(_row_hash::HUGEINT)::VARCHAR AS hashes FROM ${parquetFiles(files, { filename: true })} GROUP BY filename`,
  distinctRowIds: (files: readonly string[]) =>
    `SELECT count(DISTINCT _rowid)::BIGINT AS ids FROM ${parquetFiles(files)}`,
};

function fail(plan: RunPlan, message: string): never {
  throw new OffloadError(
    'AUDIT_FAILED',
    `Run ${plan.runId} of table "${plan.table}" at version ${plan.sourceVersion}: ${message}; nothing was published`,
    {
      table: plan.table,
      runId: plan.runId,
    },
  );
}

/** All receipts of a run, in page order. */
export async function collectReceipts(plan: RunPlan, staging: Staging): Promise<Receipt[]> {
  const expected = pageCount(plan);
  const staged = new Set(await staging.listReceipts(plan));
  const missing = Array.from({ length: expected }, (_, index) => index).filter((index) => !staged.has(index));
  if (missing.length > 0) {
    fail(plan, `${missing.length} of ${expected} pages are not staged (first: page ${missing[0]})`);
  }
  const receipts: Receipt[] = [];
  for (const page of planPages(plan)) {
    const receipt = await staging.findReceipt(plan, page);
    if (!receipt) fail(plan, `page ${page.index} does not hold the files and the rows its receipt names`);
    if (receipt.sourceVersion !== plan.sourceVersion)
      fail(plan, `page ${page.index} was staged from another version`);
    receipts.push(receipt);
  }
  return receipts;
}

function checkReceipt(plan: RunPlan, receipt: Receipt): void {
  const rows = receipt.files.reduce((sum, file) => sum + file.rows, 0);
  if (rows === receipt.rows && rows === receipt.page.limit) return;
  fail(
    plan,
    `page ${receipt.page.index} has ${rows} rows in its files, ${receipt.rows} in its receipt and ${receipt.page.limit} in the plan`,
  );
}

function checkFile(
  plan: RunPlan,
  file: StagedFile,
  found: { rows: bigint; hashes: string } | undefined,
): void {
  const sum = BigInt.asIntN(64, BigInt(found?.hashes ?? 0));
  if (found?.rows === BigInt(file.rows) && sum === BigInt(file.rowHashSum)) return;
  fail(
    plan,
    `${file.path} holds ${found?.rows ?? 0} rows with hash sum ${sum}, its receipt says ${file.rows} and ${file.rowHashSum}`,
  );
}

/**
 * Proves that the staged files are exactly the rows of the pinned version: every page there, each file with the rows
 * and row hashes its receipt names, and as many rows and distinct row ids in all as the source counted.
 *
 * Reads the files themselves, two narrow columns of them.
 *
 * @throws OffloadError `AUDIT_FAILED` with the first thing that differs.
 */
export async function auditRun(
  plan: RunPlan,
  receipts: readonly Receipt[],
  staging: Staging,
): Promise<AuditResult> {
  const files = receipts.flatMap((receipt) => receipt.files);
  const folder = staging.paths.table(plan.destination);
  const pathOf = (file: StagedFile) => path.join(folder, file.path);
  if (files.length === 0) {
    if (plan.sourceRows > 0) fail(plan, `no page is staged and the source has ${plan.sourceRows} rows`);
    return { rows: 0, distinctRowIds: 0 };
  }
  const limits = {
    memory: AUDIT_MEMORY,
    threads: 2,
    temporaryFolder: path.join(tmpdir(), `lance-offload-audit-${process.pid}`),
  };
  return withDuckDB({ limits }, async (connection) => {
    const perFile = await connection.runAndReadAll(SQL.perFile(files.map(pathOf)));
    const found = new Map(
      perFile
        .getRows()
        .map(([name, rows, hashes]) => [
          String(name),
          { rows: BigInt(String(rows)), hashes: String(hashes) },
        ]),
    );
    for (const receipt of receipts) checkReceipt(plan, receipt);
    for (const file of files) checkFile(plan, file, found.get(pathOf(file)));
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    const ids = await connection.runAndReadAll(SQL.distinctRowIds(files.map(pathOf)));
    const distinctRowIds = Number(ids.getRows()[0]?.[0]);
    if (rows !== plan.sourceRows || distinctRowIds !== plan.sourceRows) {
      fail(
        plan,
        `the source counts ${plan.sourceRows} rows, the staged pages hold ${rows} with ${distinctRowIds} distinct row ids`,
      );
    }
    return { rows, distinctRowIds };
  });
}

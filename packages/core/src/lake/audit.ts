import type { DuckDBConnection } from '@duckdb/node-api';
import { OffloadError } from '../errors/offload-error.ts';
import { deltaField, type DeltaStruct } from '../plan/lake-type.ts';
import { pageCount, planPages, type RunPlan } from '../plan/run-plan.ts';
import { dataFilePathOf, FILE, liveRows } from './deleted-rows.ts';
import { duckdbLimits, withDuckDB } from './duckdb.ts';
import { ROW_ID } from './lineage.ts';
import type { Receipt, StagedFile } from './receipt.ts';
import { isWholePage } from './settle-plan.ts';
import type { Staging } from './staging.ts';

/** Small: the audit reads two narrow columns, and spills what does not fit. */
const AUDIT_MEMORY = '256MB';

/** What the files of a run hold, read back from them. */
export interface AuditResult {
  readonly rows: number;
  readonly distinctRowIds: number;
}

/** The two columns the audit reads, which every file has: by these names, whatever the source calls its own. */
const AUDITED: DeltaStruct = {
  type: 'struct',
  fields: [deltaField('_row_hash', 'long'), deltaField(ROW_ID, 'long')],
};

function audited(folder: string, files: readonly StagedFile[]): string {
  return liveRows(folder, files, { deletedTable: 'none', schema: AUDITED });
}

const SQL = {
  perFile: (rows: string) =>
    `SELECT ${FILE}, count(*)::BIGINT AS rows, sum(_row_hash::HUGEINT)::VARCHAR AS hashes FROM (${rows}) GROUP BY ALL`,
  distinctRowIds: (rows: string) => `SELECT count(DISTINCT ${ROW_ID})::BIGINT AS ids FROM (${rows})`,
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
  if (rows === receipt.rows && isWholePage(plan, receipt.page, rows)) return;
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

interface Expectation {
  readonly what: string;
  readonly receipts: readonly Receipt[];
  readonly rows: number;
}

async function auditScan(
  plan: RunPlan,
  { what, receipts, rows: expected }: Expectation,
  staging: Staging,
  connection: DuckDBConnection,
): Promise<AuditResult> {
  const files = receipts.flatMap((receipt) => receipt.files);
  const folder = staging.paths.table(plan.destination);
  if (files.length === 0) {
    if (expected > 0) fail(plan, `no page is staged and the source has ${expected} ${what}`);
    return { rows: 0, distinctRowIds: 0 };
  }
  const staged = audited(folder, files);
  const perFile = await connection.runAndReadAll(SQL.perFile(staged));
  const found = new Map(
    perFile
      .getRows()
      .map(([name, rows, hashes]) => [String(name), { rows: BigInt(String(rows)), hashes: String(hashes) }]),
  );
  for (const receipt of receipts) checkReceipt(plan, receipt);
  for (const file of files) checkFile(plan, file, found.get(dataFilePathOf(folder, file)));
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const ids = await connection.runAndReadAll(SQL.distinctRowIds(staged));
  const distinctRowIds = Number(ids.getRows()[0]?.[0]);
  if (rows !== expected || distinctRowIds !== expected) {
    fail(
      plan,
      `the source counts ${expected} ${what}, the staged pages hold ${rows} with ${distinctRowIds} distinct row ids`,
    );
  }
  return { rows, distinctRowIds };
}

/**
 * Proves that the staged files are exactly the rows of the pinned version: every page there, each file with the rows
 * and row hashes its receipt names, and as many rows and distinct row ids in all as the source counted. The same for
 * the keys of a sweep.
 *
 * Reads the files themselves, two narrow columns of them.
 *
 * @returns what the pages of rows hold.
 * @throws OffloadError `AUDIT_FAILED` with the first thing that differs.
 */
export async function auditRun(
  plan: RunPlan,
  receipts: readonly Receipt[],
  staging: Staging,
): Promise<AuditResult> {
  const of = (scan: Receipt['page']['scan']) => receipts.filter((receipt) => receipt.page.scan === scan);
  return withDuckDB({ limits: duckdbLimits(AUDIT_MEMORY) }, async (connection) => {
    const keys = { what: 'keys', receipts: of('keys'), rows: plan.sweepRows };
    await auditScan(plan, keys, staging, connection);
    return auditScan(
      plan,
      { what: 'rows', receipts: of('rows'), rows: plan.sourceRows },
      staging,
      connection,
    );
  });
}

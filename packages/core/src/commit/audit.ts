import type { DuckDBConnection } from '@duckdb/node-api';
import { OffloadError } from '@lance-offload/base';
import {
  deltaField,
  dataFilePathOf,
  FILE,
  liveRows,
  duckdbLimits,
  withDuckDB,
  type DeltaStruct,
  type Store,
} from '@lance-offload/delta';
import { RowIdSet, ROW_ID } from '@lance-offload/lancedb';
import type { PageKind } from '../plan/page.ts';
import { pageCount, planPages, type RunPlan } from '../plan/run-plan.ts';
import type { Receipt, StagedFile } from '../stage/receipt.ts';
import { isWholePage } from '../stage/settle-plan.ts';
import type { Staging } from '../stage/staging.ts';

/** Small: the audit reads two narrow columns, and spills what does not fit. */
const AUDIT_MEMORY = '256MB';

/** The two columns the audit reads, which every file has: by these names, whatever the source calls its own. */
const AUDITED: DeltaStruct = {
  type: 'struct',
  fields: [deltaField('_row_hash', 'long'), deltaField(ROW_ID, 'long')],
};

function audited(table: Store, files: readonly StagedFile[]): string {
  return liveRows(table, files, { deletedTable: 'none', schema: AUDITED });
}

const SQL = {
  perFile: (rows: string) =>
    `SELECT ${FILE}, count(*)::BIGINT AS rows, sum(_row_hash::HUGEINT)::VARCHAR AS hashes FROM (${rows}) GROUP BY ALL`,
  rowIds: (rows: string) => `SELECT ${ROW_ID} FROM (${rows})`,
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

/** All receipts of a run: those of its pages, in page order, and those of repairs behind them. */
export async function collectReceipts(plan: RunPlan, staging: Staging): Promise<Receipt[]> {
  const expected = pageCount(plan);
  const staged = await staging.listReceipts(plan);
  const known = new Set(staged);
  const missing = Array.from({ length: expected }, (_, index) => index).filter((index) => !known.has(index));
  if (missing.length > 0) {
    fail(plan, `${missing.length} of ${expected} pages are not staged (first: page ${missing[0]})`);
  }
  const repairs = await Promise.all(
    staged.filter((index) => index >= expected).map((index) => staging.readReceipt(plan, index)),
  );
  const receipts: Receipt[] = [];
  for (const page of [...planPages(plan), ...repairs.flatMap((repair) => repair?.page ?? [])]) {
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
  if (rows === receipt.rows && isWholePage(plan, receipt.page, rows) && receipt.rowIds.distinct <= rows)
    return;
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

/** What the staged pages of a kind hold, read back from their files, and what they must hold. */
export interface AuditResult {
  readonly rows: number;
  readonly distinctRowIds: number;
  readonly expected: number;
}

async function auditKind(
  plan: RunPlan,
  kind: PageKind,
  receipts: readonly Receipt[],
  staging: Staging,
  connection: DuckDBConnection,
): Promise<AuditResult> {
  const expected = kind === 'rows' ? plan.sourceRows : plan.sweepRows;
  const files = receipts.filter(({ page }) => page.scan === kind).flatMap((receipt) => receipt.files);
  const table = staging.table(plan.destination);
  if (files.length === 0) {
    if (expected > 0) fail(plan, `no page is staged and the source has ${expected} ${kind}`);
    return { rows: 0, distinctRowIds: 0, expected };
  }
  const staged = audited(table, files);
  const perFile = await connection.runAndReadAll(SQL.perFile(staged));
  const found = new Map(
    perFile
      .getRows()
      .map(([name, rows, hashes]) => [String(name), { rows: BigInt(String(rows)), hashes: String(hashes) }]),
  );
  for (const file of files) checkFile(plan, file, found.get(dataFilePathOf(table, file)));
  const ids = await connection.runAndReadAll(SQL.distinctRowIds(staged));
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  return { rows, distinctRowIds: Number(ids.getRows()[0]?.[0]), expected };
}

/**
 * Reads the staged files back, two narrow columns of them: each must hold the rows and row hashes its receipt names. Says
 * what they hold together; whether that is what the source has, `assertAudited` says, once it has been repaired.
 *
 * @throws OffloadError `AUDIT_FAILED` for a file or a receipt that is not what it says.
 */
export async function auditRun(
  plan: RunPlan,
  receipts: readonly Receipt[],
  staging: Staging,
): Promise<Record<PageKind, AuditResult>> {
  for (const receipt of receipts) checkReceipt(plan, receipt);
  return withDuckDB({ limits: duckdbLimits(AUDIT_MEMORY) }, async (connection) => ({
    rows: await auditKind(plan, 'rows', receipts, staging, connection),
    keys: await auditKind(plan, 'keys', receipts, staging, connection),
  }));
}

/** The ids of the rows that are staged. The caller disposes of the set. */
export async function stagedRowIds(
  plan: RunPlan,
  kind: PageKind,
  receipts: readonly Receipt[],
  staging: Staging,
): Promise<RowIdSet> {
  const files = receipts.filter(({ page }) => page.scan === kind).flatMap((receipt) => receipt.files);
  const ids = new RowIdSet();
  if (files.length === 0) return ids;
  await withDuckDB({ limits: duckdbLimits(AUDIT_MEMORY) }, async (connection) => {
    const rows = await connection.stream(SQL.rowIds(audited(staging.table(plan.destination), files)));
    for (let chunk = await rows.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await rows.fetchChunk()) {
      ids.add(BigUint64Array.from(chunk.getColumnValues(0), (id) => BigInt.asUintN(64, BigInt(String(id)))));
    }
  });
  return ids;
}

/**
 * The proof that a run is complete: as many distinct row ids staged as the source counts. Repeated rows do no harm: the
 * merge leaves them out.
 *
 * @throws OffloadError `AUDIT_FAILED`.
 */
export function assertAudited(plan: RunPlan, audit: Record<PageKind, AuditResult>): void {
  for (const [kind, { rows, distinctRowIds, expected }] of Object.entries(audit)) {
    if (distinctRowIds === expected) continue;
    fail(
      plan,
      `the source counts ${expected} ${kind}, the staged pages hold ${rows} with ${distinctRowIds} distinct row ids`,
    );
  }
}

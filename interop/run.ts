import path from 'node:path';
import { changeAndOffload } from './src/changing/changed-lake.ts';
import { compareChanged } from './src/changing/compare-changed.ts';
import { checkMaintenance } from './src/checkpoints/check-checkpoints.ts';
import { openClickHouse } from './src/clickhouse.ts';
import { compareTable, type Comparison } from './src/compare.ts';
import { installPython, installReader } from './src/install.ts';
import { checkNames } from './src/names/check-names.ts';
import { checkPredicates } from './src/predicates/check-predicates.ts';
import { runQuickstart } from './src/quickstart-lake.ts';
import { showComparisons, showTotals } from './src/screen.ts';
import { eachSourceTable } from './src/source.ts';
import { offloadTypeTable } from './src/type-table.ts';
import { checkTypes } from './src/types/check-types.ts';

/**
 * Offloads the quickstart's tables, one of all types, every type nested, and some that change from run to run; then reads the
 * lakes with ClickHouse and compares them with LanceDB and with what was written there.
 */
async function main(): Promise<void> {
  const root = path.resolve(import.meta.dirname, '..');
  // ClickHouse opens files below the working directory only.
  process.chdir(root);
  installReader(import.meta.dirname);
  const python = installPython(import.meta.dirname);
  const lakes = [
    await runQuickstart(path.join(root, '.interop')),
    await offloadTypeTable(path.join(root, '.interop', 'types')),
  ];
  const changed = await changeAndOffload(path.join(root, '.interop', 'changing'));
  const clickhouse = openClickHouse();
  const passed: boolean[] = [];
  const report = (title: string, comparisons: readonly Comparison[]) => {
    showComparisons(title, comparisons);
    passed.push(...comparisons.map((comparison) => comparison.passed));
  };
  for (const lake of lakes) {
    await eachSourceTable(lake.uri, async (source) => {
      const comparisons = await compareTable(source, lake.folderOf(source.name), clickhouse);
      report(`${source.name}, of ${lake.title}, read by ClickHouse ${clickhouse.version}`, comparisons);
    });
  }
  const types = await checkTypes(
    path.join(root, '.interop', 'all-types'),
    path.join(root, 'docs'),
    clickhouse,
  );
  report('every type, by itself and nested, as docs/types-table.md shows it', types);
  const names = await checkNames(path.join(root, '.interop', 'names'), clickhouse);
  report('columns of random names, at any depth: refused, or read', names);
  const predicates = await checkPredicates(path.join(root, '.interop', 'predicates'), python, clickhouse);
  report('filters over NaN, zeros of both signs, old dates and long texts', predicates);
  const maintained = await checkMaintenance(path.join(root, '.interop', 'maintained'), python, clickhouse);
  report('tables that delta-rs maintains, and checkpoints of our own', maintained);
  for await (const { title, comparisons } of compareChanged(changed, clickhouse)) report(title, comparisons);
  clickhouse.close();
  showTotals(passed);
  process.exitCode = passed.every(Boolean) && passed.length > 0 ? 0 : 1;
}

await main();

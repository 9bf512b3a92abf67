import path from 'node:path';
import { openClickHouse } from './src/clickhouse.ts';
import { compareTable } from './src/compare.ts';
import { installReader } from './src/install.ts';
import { runQuickstart } from './src/quickstart-lake.ts';
import { showComparisons, showTotals } from './src/screen.ts';
import { eachSourceTable } from './src/source.ts';
import { offloadTypeTable } from './src/type-table.ts';

/** Offloads the quickstart's tables and one of all types, then reads both lakes with ClickHouse and compares them with LanceDB. */
async function main(): Promise<void> {
  const root = path.resolve(import.meta.dirname, '..');
  // ClickHouse opens files below the working directory only.
  process.chdir(root);
  installReader(import.meta.dirname);
  const lakes = [
    await runQuickstart(path.join(root, '.interop')),
    await offloadTypeTable(path.join(root, '.interop', 'types')),
  ];
  const clickhouse = openClickHouse();
  const passed: boolean[] = [];
  for (const lake of lakes) {
    await eachSourceTable(lake.uri, async (source) => {
      const comparisons = await compareTable(source, lake.folderOf(source.name), clickhouse);
      showComparisons(
        `${source.name}, of ${lake.title}, read by ClickHouse ${clickhouse.version}`,
        comparisons,
      );
      passed.push(...comparisons.map((comparison) => comparison.passed));
    });
  }
  clickhouse.close();
  showTotals(passed);
  process.exitCode = passed.every(Boolean) && passed.length > 0 ? 0 : 1;
}

await main();

import type { ClickHouse } from '../clickhouse.ts';
import type { Comparison } from '../compare.ts';
import type { ChangedLake } from './changed-lake.ts';
import { compareLatest } from './compare-source.ts';
import { compareVersion } from './compare-versions.ts';
import { compareVectors } from './vector-facts.ts';
import { dumpViews } from './view-dump.ts';

/** All comparisons of a lake that has changed, under the title of each part. */
export async function* compareChanged(
  lake: ChangedLake,
  clickhouse: ClickHouse,
): AsyncIterable<{ title: string; comparisons: readonly Comparison[] }> {
  yield { title: 'Deletion vectors of the lake', comparisons: await compareVectors(lake) };
  const dumpOf = await dumpViews(lake);
  for (const table of lake.tables) {
    const { name } = table.script;
    for (const version of table.versions) {
      const isLatest = version === table.versions.at(-1);
      yield {
        title: `${name} at version ${version.version}${isLatest ? ', the latest' : ''}: the model, ClickHouse and DuckDB`,
        comparisons: await compareVersion(table, version, dumpOf(name, version.version), clickhouse),
      };
    }
  }
  for (const [title, comparisons] of await compareLatest(lake, clickhouse)) yield { title, comparisons };
}

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ClickHouse } from '../clickhouse.ts';
import { compared, type Comparison } from '../compare.ts';
import { offloadTypes, type OffloadedType } from './offload-types.ts';
import { refuseTypes } from './refused-types.ts';
import { typesPage } from './types-page.ts';

/** Types that are finer than the lake's: what they lose must be in the report, and nothing else may lose anything. */
const isFiner = ({ placed }: OffloadedType): boolean =>
  /^(timestamp|time64):ns|^date64/.test(placed.sample.lance.type);

const showDelta = (type: unknown): string => (typeof type === 'string' ? type : JSON.stringify(type));

function comparisonsOf(type: OffloadedType): Comparison[] {
  const { placed, wrongRows, clickhouse, cuts, duckdbType, deltaType } = type;
  const title = clickhouse.column;
  return [
    compared(`${title}: DuckDB`, '0 rows differ', `${wrongRows} rows differ`, duckdbType),
    { ...clickhouse, column: `${title}: ClickHouse`, readAs: deltaType.startsWith('{') ? '' : deltaType },
    compared(
      `${title}: cut`,
      isFiner(type) ? 'reported' : 'nothing',
      cuts.length > 0 ? 'reported' : 'nothing',
    ),
    ...(placed.placement.name === 'plain'
      ? [compared(`${title}: lake type`, showDelta(placed.sample.delta), deltaType)]
      : []),
  ];
}

/** Offloads every type, and compares; writes the page of what was read, which must be the one that is there already. */
export async function checkTypes(
  folder: string,
  docs: string,
  clickhouse: ClickHouse,
): Promise<Comparison[]> {
  const types = await offloadTypes(folder, clickhouse);
  const refused = await refuseTypes(path.join(folder, 'refused'));
  const page = typesPage(types, refused);
  const file = path.join(docs, 'types-table.md');
  const before = await readFile(file, 'utf8').catch(() => ''); // the first time there is none
  if (before !== page) await writeFile(file, page);
  return [
    ...types.flatMap(comparisonsOf),
    ...refused.map(({ title, exitCode, message }) =>
      compared(
        `refused: ${title}`,
        '1, says TYPE_UNSUPPORTED, the column, the remedy',
        /^\[TYPE_UNSUPPORTED\].*"refused".*leave it out with columns: \["id"\]/.test(message)
          ? `${exitCode}, says TYPE_UNSUPPORTED, the column, the remedy`
          : message,
      ),
    ),
    compared(
      'docs/types-table.md',
      'as in the repository',
      before === page ? 'as in the repository' : 'written anew',
    ),
  ];
}

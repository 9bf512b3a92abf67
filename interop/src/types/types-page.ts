import type { OffloadedType } from './offload-types.ts';
import type { RefusedType } from './refused-types.ts';
import { sourceTexts } from './source-texts.ts';

const INTRODUCTION = `# Types, as they were read back

\`npm run test:interop\` writes this page, and fails where the one in the repository is another. Each value was written into LanceDB, served by
\`lancedb-server\`, offloaded by \`lance-offload run\` with a worker, and read by DuckDB through the view in \`lake.duckdb\` and by ClickHouse (chdb)
through the Delta log. Types marked † LanceDB cannot store: the Arrow body came from a server that only answers, and went the same way from there.

- **equal**: both readers have the value itself, bit for bit in ClickHouse, which is compared with a Parquet file DuckDB wrote from literals.
- **cut**: they have all but what is named, which is what the run's report said of the column.`;

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const isEqual = ({ wrongRows, clickhouse }: OffloadedType): boolean => wrongRows === 0 && clickhouse.passed;

function verdict(type: OffloadedType): string {
  if (!isEqual(type)) return '**DIFFERENT**';
  return type.cuts.length === 0 ? 'equal' : `cut: ${type.cuts.join('; ')}`;
}

const nameOf = ({ placed: { sample } }: OffloadedType): string => {
  const { type, length } = sample.lance;
  return length === undefined ? type : `${type}[${length}]`;
};

const list = (texts: readonly string[]): string => texts.join(' · ');

/** Rows of a column that is not nested: its three values, with a null after the first and at the end. */
function threeAndNull(texts: readonly string[], type: string): string {
  const [first = '', none = '', second = '', third = ''] = texts;
  const quoted = [first, second, third].map((text) =>
    type === 'VARCHAR' && text !== 'null' ? JSON.stringify(text) : text,
  );
  return list([...quoted, none]);
}

function valuesTable(types: readonly OffloadedType[]): string {
  const rows = types.map((type) => [
    `${nameOf(type)}${type.limit === undefined ? '' : ' †'}`,
    list([...sourceTexts(type.placed), 'null']),
    type.deltaType,
    threeAndNull(type.duckdbTexts, type.duckdbType),
    threeAndNull(type.clickhouseTexts, type.duckdbType),
    verdict(type),
  ]);
  return table(['Lance', 'source', 'lake (Delta)', 'DuckDB reads', 'ClickHouse reads', ''], rows);
}

function nestedTable(types: readonly OffloadedType[]): string {
  const places = [...new Set(types.map(({ placed }) => placed.placement.name))];
  const samples = [...new Set(types.map(({ placed }) => placed.sample))];
  const at = (sample: (typeof samples)[number], place: string): string => {
    const type = types.find(({ placed }) => placed.sample === sample && placed.placement.name === place);
    if (!type) return '';
    return (
      (isEqual(type) ? '=' : '**≠**') +
      (type.cuts.length > 0 ? ' cut' : '') +
      (type.limit === undefined ? '' : ' †')
    );
  };
  const rows = samples.map((sample) => [
    `${sample.lance.type}: ${sample.literals[0].replace(/::.*/, '').replace(/^TIMESTAMP(TZ)? /, '')}, …`,
    ...places.map((place) => at(sample, place)),
  ]);
  return table(['values', ...places], rows);
}

/** The page, with every value in it. */
export function typesPage(types: readonly OffloadedType[], refused: readonly RefusedType[]): string {
  const plain = types.filter(({ placed }) => placed.placement.name === 'plain');
  const nested = types.filter(({ placed }) => placed.placement.name !== 'plain');
  const limits = Map.groupBy(
    types.filter(({ limit }) => limit !== undefined),
    ({ limit }) => limit ?? '',
  );
  const counts = [...limits].map(([limit, of]) => `- ${limit}: ${of.length} columns`);
  return `${[
    INTRODUCTION,
    '## Values',
    'Three values and a null of each type.',
    valuesTable(plain),
    '## Nested',
    `The same values at any depth, five rows each, with nulls at every level, empty lists and maps, and values under null lists: = is equal in both readers.`,
    nestedTable(nested),
    '## What LanceDB cannot store (†)',
    counts.join('\n'),
    '## Refused',
    'Before anything is enqueued, with the column’s name and the `columns` that leave it out.',
    table(
      ['column', 'what `lance-offload` says'],
      refused.map(({ title, message }) => [title, message]),
    ),
    'A ragged vector has no place in a fixed-size list: LanceDB refuses it, and an answer whose items are not rows × length is `SOURCE_BAD_BODY`.',
  ].join('\n\n')}\n`;
}

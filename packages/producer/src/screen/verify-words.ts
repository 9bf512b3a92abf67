import { FAULTS, type Finding, type FindingKind, type Found, type TableVerdict } from '@lance-offload/verify';
import type { OffloadError } from '@lance-offload/base';
import { formatCount, formatTable } from './format.ts';

/** A table that could not be compared, and why. */
interface Unverified {
  readonly table: string;
  readonly destination: string;
  readonly error: OffloadError;
}

export type Verified = TableVerdict | Unverified;

const VALUE_CHARACTERS = 60;

/** What it means to be one of a kind, in front of the keys that are. */
const HEADINGS = {
  missing: 'at the source, and not in the lake',
  extra: 'in the lake, and not at the source',
  different: 'with other values in the lake than at the source',
  repeated: 'more than once in the lake',
  gone: 'gone at the source, not looked for',
  unselected: 'not selected any more',
  newer: 'newer in the lake than at the source',
  tied: 'tied: another row of the same sequence',
  inexact: 'equal, but not bit for bit',
  past: 'of earlier versions of the source',
} as const satisfies Record<FindingKind, string>;

function valueWords(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > VALUE_CHARACTERS ? `${text.slice(0, VALUE_CHARACTERS - 1)}…` : text;
}

function foundWords({ key, sourceSequence, lakeSequence, file, row }: Found): string {
  const name = Object.entries(key)
    .map(([column, value]) => `${column}=${valueWords(value)}`)
    .join(', ');
  const facts = [
    ...(sourceSequence === undefined ? [] : [`sequence ${valueWords(sourceSequence)} at the source`]),
    ...(lakeSequence === undefined
      ? []
      : [`${sourceSequence === undefined ? 'sequence ' : ''}${valueWords(lakeSequence)} in the lake`]),
    ...(file === undefined ? [] : [`${file}, row ${row}`]),
  ];
  return facts.length > 0 ? `${name} (${facts.join('; ')})` : name;
}

function findingLines(table: string, kind: FindingKind, { count, shown }: Finding): string[] {
  if (shown.length === 0) return [];
  const more = count - shown.length;
  return [
    `${table}: ${HEADINGS[kind]}:`,
    ...shown.map((found) => `  ${foundWords(found)}`),
    ...(more > 0 ? [`  … and ${formatCount(more)} more`] : []),
  ];
}

function verdictWords({ findings, agrees }: TableVerdict): string {
  const explained = Object.entries(findings).reduce(
    (sum, [kind, { count }]) => (FAULTS.some((fault) => fault === kind) ? sum : sum + count),
    0,
  );
  const words = agrees ? 'agrees' : 'DIFFERS';
  return explained > 0 ? `${words}, ${formatCount(explained)} explained` : words;
}

function isVerdict(one: Verified): one is TableVerdict {
  return 'findings' in one;
}

function tableRow(one: Verified): string[] {
  if (!isVerdict(one)) return [one.table, '–', '–', '–', '–', '–', '–', '–', '–', one.error.code];
  const { table, ingestionType, sourceVersion, sourceRows, lakeRows, findings } = one;
  return [
    table,
    ingestionType,
    String(sourceVersion),
    formatCount(sourceRows),
    formatCount(lakeRows),
    ...FAULTS.map((fault) => formatCount(findings[fault].count)),
    verdictWords(one),
  ];
}

function verdictLines(verdict: TableVerdict): string[] {
  const { table, findings, notes } = verdict;
  const kinds = Object.keys(HEADINGS) as FindingKind[];
  return [
    ...kinds.flatMap((kind) => findingLines(table, kind, findings[kind])),
    ...notes.map((note) => `${table}: ${note}`),
  ];
}

const errorLines = ({ error }: Unverified): string[] => [error.words, `  ${error.hint}`];

/** The answer of `verify`: a line per table, and below it the keys that differ, and why some may. */
export function verdictText(verified: readonly Verified[]): string {
  if (verified.length === 0) return 'There is no table to verify.';
  const head = [
    'table',
    'mode',
    'source version',
    'source rows',
    'lake rows',
    'missing',
    'extra',
    'different',
    'twice',
    'verdict',
  ];
  return [
    formatTable(head, verified.map(tableRow)),
    ...verified.flatMap((one) => (isVerdict(one) ? verdictLines(one) : errorLines(one))),
  ].join('\n');
}

import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { isScd, OffloadError, toOffloadError, type TableOptions } from '@lance-offload/base';
import { planColumns, type TableState, type ColumnPlan } from '@lance-offload/core';
import { searchSchema, type LanceField } from '@lance-offload/lancedb';

/** What `selectionOf` writes into the lake. */
const committedSelection = z.object({
  source: z.string(),
  table: z.string(),
  filter: z.string().nullable(),
  search: searchSchema.optional(),
  offset: z.int().nonnegative(),
  withRowId: z.boolean().default(false),
  columns: z.array(z.string()),
});
export type CommittedSelection = z.output<typeof committedSelection>;

/**
 * What of the source a lake table holds, as its last commit has noted it.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where it does not say.
 */
export function readSelection(
  destination: string,
  { selection }: Pick<TableState, 'selection'>,
): CommittedSelection {
  let json: unknown;
  try {
    json = JSON.parse(selection ?? 'null');
  } catch {
    json = undefined; // the schema says that it is none
  }
  const parsed = committedSelection.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new OffloadError(
    'LAKE_UNAVAILABLE',
    `The lake table "${destination}" does not say which rows and columns of its source it holds; a new run writes that`,
    { table: destination },
  );
}

/** What is configured now, in the words of the configuration. */
export interface Configured {
  readonly options: TableOptions;
  readonly source: string;
}

const show = (value: unknown): string =>
  value === null || value === undefined ? 'none' : JSON.stringify(value);

function columnWords(was: readonly string[], is: readonly string[]): string[] {
  const more = is.filter((name) => !was.includes(name));
  const fewer = was.filter((name) => !is.includes(name));
  return [
    ...(more.length > 0 ? [`columns: ${more.map(show).join(', ')} more`] : []),
    ...(fewer.length > 0 ? [`columns: without ${fewer.map(show).join(', ')}`] : []),
  ];
}

function changedOptions(
  state: TableState,
  was: CommittedSelection,
  { options }: Configured,
  { ingestion, columns, search }: ColumnPlan,
): string[] {
  const pairs = [
    ['ingestion_type', state.ingestionType, ingestion.ingestionType],
    ['primary_keys', state.primaryKeys, ingestion.primaryKeys],
    ...(isScd(ingestion.ingestionType)
      ? [['sequence_by', state.sequenceBy, ingestion.sequenceBy] as const]
      : []),
    ['cursor_field', state.cursorField ?? null, ingestion.cursorField ?? null],
    ['change_tracking', state.changeTracking ?? null, ingestion.changeTracking ?? null],
    ['filter_expression', was.filter, options.filter_expression ?? null],
    ['offset', was.offset, options.offset ?? 0],
    ['with_row_id', was.withRowId, options.with_row_id ?? false],
    ['version', state.sourceVersion, options.version ?? state.sourceVersion],
  ] as const;
  return [
    ...pairs.flatMap(([name, before, now]) =>
      isDeepStrictEqual(before, now) ? [] : [`${name} is ${show(now)}, and was ${show(before)}`],
    ),
    ...(isDeepStrictEqual(was.search, search)
      ? []
      : ['what is searched for (query_vector and the options with it, or batch_size) is another']),
    ...columnWords(
      was.columns,
      columns.map(({ name }) => name),
    ),
  ];
}

/**
 * Where the configuration selects something else by now than the lake holds. That is no fault of the lake: the next run
 * will be another one.
 *
 * @param fields the source's columns at the version the lake holds.
 */
export function configurationNotes(
  state: TableState,
  was: CommittedSelection,
  configured: Configured,
  fields: readonly LanceField[],
): string[] {
  const moved =
    was.source === configured.source
      ? []
      : [`the lake was filled from ${was.source}, and is compared with ${configured.source}`];
  try {
    const changes = changedOptions(
      state,
      was,
      configured,
      planColumns(was.table, fields, configured.options),
    );
    if (changes.length === 0) return moved;
    return [
      ...moved,
      `the configuration has changed since the last commit (${changes.join('; ')}); compared is what was committed`,
    ];
  } catch (thrown) {
    const { message } = toOffloadError(thrown);
    return [
      ...moved,
      `the configuration does not fit the committed version any more (${message}); compared is what was committed`,
    ];
  }
}

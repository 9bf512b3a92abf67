import { z } from 'zod';
import { searchProblems } from './search-problems.ts';
import {
  ingestionType,
  isScd,
  tableOptionsSchema,
  type IngestionType,
  type TableOptions,
} from './table-options.ts';

/** The parts of a file that concern one another, as far as they can be read. */
const readable = z.object({
  connection: z.object({ externalOptionsAllowList: z.string().optional().catch(undefined) }).catch({}),
  ingestion_type: ingestionType.catch('APPEND_ONLY'),
  tables: z.record(z.string(), z.record(z.string(), z.unknown()).catch({})).optional().catch({}),
  include: z.unknown().optional(),
  exclude: z.unknown().optional(),
});

/** Options of a table that are right by themselves. */
function rightOptions(values: Readonly<Record<string, unknown>>): TableOptions {
  const known = Object.entries(tableOptionsSchema.shape);
  const right = known.flatMap(([name, schema]) => {
    const parsed = schema.safeParse(values[name]);
    return parsed.success && parsed.data !== undefined ? [[name, parsed.data]] : [];
  });
  return tableOptionsSchema.parse(Object.fromEntries(right));
}

/** Options of one table that need or rule out one another. Each problem begins with an option's name. */
function optionProblems(
  options: TableOptions,
  byDefault: IngestionType,
  named: ReadonlySet<string>,
): string[] {
  const type = options.ingestion_type ?? byDefault;
  const { cursor_field: cursor, offset = 0 } = options;
  const detects = options.detect_deletes === true;
  return [
    ...(isScd(type) && !named.has('primary_keys')
      ? [`primary_keys: ${type} needs the columns that name a row`]
      : []),
    ...(detects && !isScd(type)
      ? ['detect_deletes: APPEND_ONLY keeps every row; use SCD_TYPE_1 or SCD_TYPE_2']
      : []),
    ...(detects && named.has('filter_expression')
      ? [
          'detect_deletes: a filtered run cannot tell a deleted row from one that does not match; leave out filter_expression, or use `run --sweep-deletes`',
        ]
      : []),
    ...(detects && offset > 0 ? ['detect_deletes: a run with an offset does not see every row'] : []),
    ...(cursor !== undefined && offset > 0
      ? ['offset: rows cannot be left out by number where cursor_field moves the window']
      : []),
    ...(cursor !== undefined && options.change_tracking !== undefined
      ? ['change_tracking: says itself which rows have changed; leave out cursor_field, or this']
      : []),
    ...(options.change_tracking !== undefined && offset > 0
      ? ['offset: rows cannot be left out by number where change_tracking chooses them']
      : []),
    ...searchProblems(options, type, named),
  ];
}

/**
 * Problems of a file that concern more than one key. Options that are wrong by themselves are reported elsewhere: here
 * they count as given, and as nothing more.
 */
export function crossProblems(file: unknown): string[] {
  const parsed = readable.safeParse(file);
  if (!parsed.success) return [];
  const { connection, ingestion_type: byDefault, tables, include, exclude } = parsed.data;
  const problems: string[] = [];
  const allowed = connection.externalOptionsAllowList?.split(',').map((name) => name.trim());
  const destinations = new Map<string, string>();
  for (const [table, values] of Object.entries(tables ?? {})) {
    for (const option of Object.keys(values)) {
      const known = option in tableOptionsSchema.shape;
      if (allowed && known && !allowed.includes(option))
        problems.push(`tables.${table}.${option}: not in connection.externalOptionsAllowList`);
    }
    const options = rightOptions(values);
    const own = optionProblems(options, byDefault, new Set(Object.keys(values)));
    problems.push(...own.map((problem) => `tables.${table}.${problem}`));
    const destination = options.destination_table ?? table;
    const other = destinations.get(destination.toLowerCase());
    if (other !== undefined) {
      problems.push(
        `tables.${table}: goes to the lake table "${destination}", as "${other}" does; set destination_table`,
      );
    }
    destinations.set(destination.toLowerCase(), table);
  }
  if (tables === undefined && isScd(byDefault))
    problems.push(`ingestion_type: ${byDefault} needs tables with their primary_keys`);
  else if (include !== undefined && isScd(byDefault))
    problems.push(
      `include: tables that only a pattern names have no primary_keys, which ${byDefault} needs; set ingestion_type in each of tables, and leave the top level APPEND_ONLY`,
    );
  if (tables && exclude !== undefined && include === undefined)
    problems.push('exclude: takes nothing away from tables, which lists names; it goes with include');
  return problems;
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ROOT, tableIn, unquoted } from '../docs-table.ts';
import { dashboardSchema, USER_KEYS } from '../../src/config/dashboard-options.ts';
import {
  DEFAULT_BATCH_SIZE,
  OPTION_DEFAULTS,
  SMALL_TABLE_ROWS,
  tableOptionsSchema,
} from '../../src/config/table-options.ts';

const jsonSchema = z.object({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  const: z.string().optional().catch(undefined),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  items: z.object({ type: z.string() }).optional(),
});
type JsonSchema = z.output<typeof jsonSchema>;

/** What the schema says of each option, in JSON Schema's words. */
function schemaOptions(): Map<string, JsonSchema> {
  const { properties = {} } = z.toJSONSchema(tableOptionsSchema, { unrepresentable: 'any' });
  return new Map(Object.entries(properties).map(([name, schema]) => [name, jsonSchema.parse(schema)]));
}

/** What a string may be called: its schema does not tell. */
const STRINGS = ['name', 'text', 'SQL', 'cron pattern'];

function typesOf({ type = '', enum: values, const: only, items }: JsonSchema): readonly string[] {
  if (only !== undefined) return [only];
  if (values) return [values.join(', ')];
  if (type === 'array') return [items?.type === 'number' ? 'list of numbers' : 'list of names'];
  return type === 'string' ? STRINGS : [type];
}

const count = (value: number): string => value.toLocaleString('en-US');

function rangeOf({ minimum, maximum }: JsonSchema): string | undefined {
  if (minimum === undefined || maximum === undefined) return undefined;
  return maximum === Number.MAX_SAFE_INTEGER ? `≥ ${minimum}` : `${minimum}–${count(maximum)}`;
}

const { smallTable, largeTable, search } = DEFAULT_BATCH_SIZE;

/** Defaults that depend on the table, the file or the source. All others are those of `OPTION_DEFAULTS`, or none. */
const DEPENDING: Readonly<Record<string, string>> = {
  columns: 'all',
  use_full_scan: '`true`, or `false` with a `query_vector`',
  batch_size: `${count(smallTable)} up to ${count(SMALL_TABLE_ROWS)} rows, ${count(largeTable)} beyond; ${count(search)} for a search`,
  version: 'the latest',
  vector_column: 'the only vector column',
  distance_type: "that of the column's index, `l2` without one",
  nprobes: 'LanceDB’s',
  ef: 'LanceDB’s',
  ingestion_type: 'that of the top level',
  sequence_by: "`cursor_field`, else the source's version",
  detect_deletes: '`true` under SCD',
  binary_columns: '`keep`; `drop` under SCD',
  destination_table: "the table's name",
};

test('docs/configuration.md has every option of a table, and no other, with its type, default and range', async () => {
  const schema = schemaOptions();
  const documented = await tableIn('configuration.md', '## tables.NAME');
  expect(documented.map(([name]) => unquoted(name))).toEqual([...schema.keys()]);
  const defaults = new Map<string, unknown>(Object.entries(OPTION_DEFAULTS));
  for (const [cell, type, byDefault, range, meaning] of documented) {
    const name = unquoted(cell);
    const known = schema.get(name) ?? {};
    expect(typesOf(known), `type of ${name}`).toContain(unquoted(type));
    const constant = defaults.has(name) ? `\`${String(defaults.get(name))}\`` : '–';
    expect(byDefault, `default of ${name}`).toBe(DEPENDING[name] ?? constant);
    const limits = rangeOf(known);
    expect(range, `range of ${name}`).toBe(limits ?? range);
    expect(meaning, `meaning of ${name}`).not.toBe('');
  }
});

test('docs/configuration.md has every key of the dashboard and of its users, and no other', async () => {
  const [section, user] = [
    await tableIn('configuration.md', '## dashboard'),
    await tableIn('configuration.md', 'A user:'),
  ];
  expect(section.map(([key]) => unquoted(key))).toEqual(Object.keys(dashboardSchema.shape));
  expect(user.map(([key]) => unquoted(key))).toEqual(USER_KEYS);
});

test('docs/option-tests.md names, for every option, a test that is there', async () => {
  const rows = await tableIn('option-tests.md');
  expect(rows.map(([name]) => unquoted(name))).toEqual([...schemaOptions().keys()]);
  for (const [name, title = '', file] of rows) {
    const source = await readFile(path.join(ROOT, unquoted(file)), 'utf8');
    expect(source, `the test of ${name}`).toContain(`test('${title}', async (`);
    expect(source, `${name} in its test’s file`).toContain(unquoted(name));
  }
});

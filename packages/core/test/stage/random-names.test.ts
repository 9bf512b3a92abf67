import path from 'node:path';
import { expect } from 'vitest';
import { OffloadError } from '@lance-offload/base';
import { withDuckDB } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import { openLake } from '../../src/stage/staging.ts';
import { planColumns } from '../../src/plan/columns.ts';
import { planOf, stageRun, test } from '../lake-fixture.ts';
import { pathsOf } from '../paths-of.ts';
import {
  asJson,
  columnsOf,
  randomSchema,
  RANDOM_ROWS,
  type RandomSchema,
} from '../../../lancedb/test/samples/random-schemas.ts';

// As many schemas as the second reader is given in interop/src/names.
const SCHEMAS = 200;
const AT_ONCE = 20;

function refusal({ fields }: RandomSchema): OffloadError | undefined {
  try {
    planColumns('t', fields, {});
    return undefined;
  } catch (error) {
    if (error instanceof OffloadError) return error;
    throw error;
  }
}

/** Publishes the rows of a schema as a run of its own lake does, and reads them by its view. */
async function publishAndRead(schema: RandomSchema, root: string): Promise<unknown[][]> {
  const staging = openLake(root);
  const plan = planOf({ columns: [...schema.fields], sourceRows: RANDOM_ROWS });
  await stageRun(plan, staging, () => columnsOf(schema));
  await commitRun(plan, staging);
  return withDuckDB({ file: pathsOf(staging).database }, async (connection) => {
    const read = await connection.runAndReadAll('SELECT * FROM documents ORDER BY "row number"');
    expect(read.columnNames().slice(0, -3)).toEqual(schema.fields.map(({ name }) => name));
    return read.getRowsJson().map((row) => row.slice(0, -3));
  });
}

for (let start = 0; start < SCHEMAS; start += AT_ONCE) {
  test(`columns of random names, from seed ${start} on, are refused when they are planned, or DuckDB reads every value of them`, async ({
    staging,
  }) => {
    for (let seed = start; seed < start + AT_ONCE; seed++) {
      const schema = randomSchema(seed);
      const error = refusal(schema);
      expect([seed, error?.code]).toEqual([seed, schema.fault && 'SCHEMA_MISMATCH']);
      if (error) continue;
      const rows = await publishAndRead(schema, path.join(pathsOf(staging).root, String(seed)));
      const expected = Array.from({ length: RANDOM_ROWS }, (_, row) =>
        schema.fields.map(({ type }, index) => asJson(type, schema.values[index]?.[row] ?? null)),
      );
      expect([seed, rows]).toEqual([seed, expected]);
    }
  });
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bodyOf } from '../../../packages/lancedb/test/arrow-bodies.ts';
import {
  columnsOf,
  randomSchema,
  type RandomSchema,
} from '../../../packages/lancedb/test/samples/random-schemas.ts';
import { arrow } from '../arrow.ts';
import { columnFacts, type Batch } from '../checksums.ts';
import type { ClickHouse } from '../clickhouse.ts';
import { compared, show, type Comparison } from '../compare.ts';
import { serveTables } from '../types/stub-server.ts';

/** Those of core's own test, where DuckDB reads them. */
const SCHEMAS = 200;

interface Report {
  readonly tables: readonly {
    readonly table: string;
    readonly state: string;
    readonly failures?: readonly { readonly message: string }[];
  }[];
}

const nameOf = ({ seed }: RandomSchema): string => `seed${String(seed).padStart(3, '0')}`;
const bodyFor = (schema: RandomSchema): Buffer => Buffer.from(bodyOf([columnsOf(schema)]));

/** Runs every table; those that are refused make the command fail, so its exit code says nothing here. */
async function run(folder: string, host: string): Promise<Report> {
  const connection = { api_key: 'any', project_name: 'interop', host };
  await writeFile(path.join(folder, 'offload.yaml'), JSON.stringify({ connection, lake: './lake' }));
  const args = ['run', '--workers', '1', '--report', 'report.json'];
  const child = spawn('lance-offload', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  await once(child, 'close');
  const report: Report = JSON.parse(await readFile(path.join(folder, 'report.json'), 'utf8'));
  return report;
}

async function* sentBy(schema: RandomSchema): AsyncIterable<Batch> {
  yield* arrow.tableFromIPC(bodyFor(schema)).batches;
}

/** What ClickHouse reads of a published table, against what the source sent. */
async function readPublished(
  schema: RandomSchema,
  lake: string,
  clickhouse: ClickHouse,
): Promise<Comparison> {
  const columns = schema.fields.map(({ name }) => name);
  const title = `${nameOf(schema)}: ${columns.length} columns`;
  const words = async (batches: AsyncIterable<Batch>) => {
    const facts = await columnFacts(batches, columns);
    return columns.map((name) => {
      const found = facts.get(name);
      return found ? show(found) : 'missing';
    });
  };
  const sent = await words(sentBy(schema));
  const folder = path.join(lake, 'tables', nameOf(schema));
  const read = await words(clickhouse.batches({ folder })).catch((error: unknown) => [String(error)]);
  const differing = sent.flatMap((fact, index) => (fact === read[index] ? [] : [read[index] ?? 'missing']));
  return compared(title, 'read as it was sent', differing[0] ?? 'read as it was sent');
}

/**
 * Offloads tables whose columns have random names at every depth. Each is refused before the source is asked for a row, or
 * ClickHouse reads all of its values.
 */
export async function checkNames(folder: string, clickhouse: ClickHouse): Promise<Comparison[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const schemas = Array.from({ length: SCHEMAS }, (_, seed) => randomSchema(seed));
  const stub = await serveTables(
    schemas.map((schema) => ({ name: nameOf(schema), fields: schema.fields, body: bodyFor(schema) })),
  );
  try {
    const { tables } = await run(folder, stub.url);
    const comparisons: Comparison[] = [];
    for (const schema of schemas) {
      const name = nameOf(schema);
      const found = tables.find(({ table }) => table === name);
      if (schema.fault === undefined) {
        comparisons.push(await readPublished(schema, path.join(folder, 'lake'), clickhouse));
        continue;
      }
      const said = found?.failures?.map(({ message }) => message).join() ?? 'nothing';
      const refused = said.startsWith('[SCHEMA_MISMATCH]') && !stub.queried.has(name);
      const right = `refused (${schema.fault}) before a row was asked for`;
      comparisons.push(compared(name, right, refused ? right : `${found?.state ?? 'absent'}: ${said}`));
    }
    return comparisons;
  } finally {
    stub.stop();
  }
}

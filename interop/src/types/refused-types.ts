import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LanceField } from '../../../packages/lancedb/src/lance-type.ts';
import { column } from '../../../packages/lancedb/test/arrow-bodies.ts';
import { serveTables } from './stub-server.ts';

/** A column that has no place in the lake, and what `lance-offload run` says of it. */
export interface RefusedType {
  readonly title: string;
  readonly exitCode: number;
  readonly message: string;
}

const extension = (name: string) => ({ 'ARROW:extension:name': name });
const bytes = { type: 'large_binary' };

/** Columns as LanceDB 0.39 describes them. */
const REFUSED: readonly { title: string; field: LanceField }[] = [
  { title: 'decimal of 39 digits', field: column('refused', 'decimal:256:39:0') },
  { title: 'decimal with a negative scale', field: column('refused', 'decimal:128:10:-2') },
  {
    title: 'blob (`lance-encoding:blob`)',
    field: { ...column('refused', bytes), metadata: { 'lance-encoding:blob': 'true' } },
  },
  {
    title: 'blob v2 (`lance.blob.v2`)',
    field: {
      ...column('refused', { type: 'struct', fields: [column('data', bytes), column('uri', 'string')] }),
      metadata: extension('lance.blob.v2'),
    },
  },
  { title: '`lance.json`', field: { ...column('refused', bytes), metadata: extension('lance.json') } },
  {
    title: '`lance.bfloat16`',
    field: {
      ...column('refused', { type: 'fixed_size_binary', length: 2 }),
      metadata: extension('lance.bfloat16'),
    },
  },
  { title: 'a type of a later Lance', field: column('refused', 'run_end_encoded') },
];

/** Asks for a run of one table per refused column. None may enqueue anything, so no worker is there. */
export async function refuseTypes(folder: string): Promise<RefusedType[]> {
  await mkdir(folder, { recursive: true });
  const tables = REFUSED.map(({ field }, index) => ({
    name: `t${index}`,
    fields: [column('id', 'int64'), field],
    body: Buffer.alloc(0),
  }));
  const server = await serveTables(tables);
  const connection = { api_key: '${LANCEDB_API_KEY}', project_name: 'interop', host: server.url };
  await writeFile(path.join(folder, 'offload.yaml'), JSON.stringify({ connection, lake: './lake' }));
  try {
    const refused: RefusedType[] = [];
    for (const [index, { title }] of REFUSED.entries())
      refused.push({ title, ...(await plan(folder, `t${index}`)) });
    return refused;
  } finally {
    server.stop();
  }
}

async function plan(folder: string, table: string): Promise<{ exitCode: number; message: string }> {
  const child = spawn('lance-offload', ['plan', table], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LANCEDB_API_KEY: 'any' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const [code]: unknown[] = await once(child, 'close');
  const message = said.split('\n').find((line) => line.includes('[TYPE_UNSUPPORTED]')) ?? said.trim();
  return { exitCode: Number(code), message: message.slice(Math.max(0, message.indexOf('['))).trim() };
}

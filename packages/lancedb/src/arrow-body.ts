import * as arrow from 'apache-arrow';
import { typeOf } from '@lance-offload/base/transform';
import { loadColumns, type Dictionaries } from './ipc/load-columns.ts';
import { DICTIONARY_BATCH, type IpcMessage } from './ipc/messages.ts';
import { badBody, openBody } from './ipc/open-body.ts';
import { readSchema } from './ipc/schema.ts';

interface Decoded {
  readonly schema: arrow.Schema;
  readonly batches: arrow.RecordBatch[];
}

function addDictionary({ header, body }: IpcMessage, schema: arrow.Schema, dictionaries: Dictionaries): void {
  const [id, batch] = [header.long(0), header.table(1)];
  const type: arrow.DataType | undefined = schema.dictionaries.get(id);
  if (!type || !batch) throw new RangeError(`dictionary ${id} is no column's`);
  const [values] = loadColumns(batch, [type], body, dictionaries).columns;
  if (!values) throw new RangeError(`dictionary ${id} has no values`);
  const before = header.byte(2) === 0 ? undefined : dictionaries.get(id);
  const vector = new arrow.Vector([values]);
  dictionaries.set(id, before ? before.concat(vector) : vector);
}

function decode(messages: readonly IpcMessage[], schema: arrow.Schema): arrow.RecordBatch[] {
  const types = schema.fields.map(typeOf);
  const dictionaries: Dictionaries = new Map();
  const batches: arrow.RecordBatch[] = [];
  for (const message of messages) {
    if (message.kind === DICTIONARY_BATCH) {
      addDictionary(message, schema, dictionaries);
      continue;
    }
    const { rows, columns } = loadColumns(message.header, types, message.body, dictionaries);
    const struct = new arrow.Struct(schema.fields);
    const data = arrow.makeData({ type: struct, length: rows, nullCount: 0, children: columns });
    if (rows > 0) batches.push(new arrow.RecordBatch(schema, data));
  }
  return batches;
}

/**
 * Decodes a query's answer: Arrow IPC in either framing (FILE or STREAM), plain or with LZ4 or ZSTD bodies. What comes out
 * can be relied on: every length, offset and index is within its bounds, every text is UTF-8.
 *
 * @throws OffloadError `SOURCE_BAD_BODY` for anything else, with its first words.
 */
export function decodeArrowBody(body: Uint8Array): Decoded {
  const { messages, schema: table } = openBody(body);
  try {
    const schema = readSchema(table);
    return { schema, batches: decode(messages, schema) };
  } catch (error) {
    throw badBody(`The Arrow body of ${body.byteLength} bytes cannot be decoded`, error);
  }
}

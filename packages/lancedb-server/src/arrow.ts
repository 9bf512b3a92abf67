/**
 * The one place this package takes Arrow from.
 *
 * `@lancedb/lancedb` loads Arrow's CommonJS build. Its tables are strangers to the ES module build loaded here:
 * `tableToIPC` given one of them answers with 0 bytes and no error. So the rest of the package never touches the
 * client's tables; it works on the engine's IPC bytes, and decodes them, where it must, with the functions below.
 */
export { DataType, Table, makeBuilder, tableFromIPC, tableToIPC } from 'apache-arrow';
export type { Field, TypeMap, Vector } from 'apache-arrow';
export { BodyCompression } from 'apache-arrow/fb/body-compression';
export { BodyCompressionMethod } from 'apache-arrow/fb/body-compression-method';
export { Buffer as BufferRegion } from 'apache-arrow/fb/buffer';
export { CompressionType } from 'apache-arrow/fb/compression-type';
export { DictionaryBatch } from 'apache-arrow/fb/dictionary-batch';
export { FieldNode } from 'apache-arrow/fb/field-node';
export { Footer } from 'apache-arrow/fb/footer';
export { Message } from 'apache-arrow/fb/message';
export { MessageHeader } from 'apache-arrow/fb/message-header';
export { RecordBatch as RecordBatchHeader } from 'apache-arrow/fb/record-batch';
export * as fb from './arrow-schema.ts';

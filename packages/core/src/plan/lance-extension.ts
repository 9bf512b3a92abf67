import type { LanceField } from '../lancedb/lance-type.ts';

/** Field metadata of Arrow's extension types (Arrow columnar format, "Extension Types"). */
const EXTENSION_NAME = 'ARROW:extension:name';
/** Field metadata of blob columns before they became an extension type, `lance.blob.v2`. */
const LEGACY_BLOB = 'lance-encoding:blob';
const BLOB_EXTENSION = 'lance.blob';
const OWN_EXTENSION = 'lance.';

/**
 * What stands against a column of one of Lance's own extension types, at any depth, in words for an error; `undefined` for
 * any other. Their values are not what their storage type says: a scan answers the addresses of blobs in place of their
 * bytes, and the text of `lance.json` in place of its binary; two bytes of `lance.bfloat16` are a number to Lance alone.
 * Extensions of others (`arrow.uuid`) are kept as their storage type.
 */
export function extensionOf({ metadata = {}, type }: LanceField): string | undefined {
  const name = metadata[EXTENSION_NAME];
  if (metadata[LEGACY_BLOB] === 'true' || name?.startsWith(BLOB_EXTENSION))
    return 'is a blob column, of which LanceDB answers a query with addresses, not with bytes';
  if (name?.startsWith(OWN_EXTENSION)) return `has type ${name}, which the lake cannot hold`;
  return (type.fields ?? []).map(extensionOf).find((found) => found !== undefined);
}

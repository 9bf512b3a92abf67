import type { LanceField } from './lance-type.ts';

/** Field metadata of Arrow's extension types (Arrow columnar format, "Extension Types"). */
const EXTENSION_NAME = 'ARROW:extension:name';
/** Field metadata of blob columns before they became an extension type, `lance.blob.v2`. */
const LEGACY_BLOB = 'lance-encoding:blob';
const BLOB_EXTENSION = 'lance.blob';
const OWN_EXTENSION = 'lance.';

const isBlob = ({ metadata = {} }: LanceField): boolean =>
  metadata[LEGACY_BLOB] === 'true' || (metadata[EXTENSION_NAME]?.startsWith(BLOB_EXTENSION) ?? false);

/** Whether a column is a blob or holds one: binary, though LanceDB may describe it as a struct of addresses. */
export function holdsBlob(field: LanceField): boolean {
  return isBlob(field) || (field.type.fields ?? []).some(holdsBlob);
}

/**
 * What stands against a column of one of Lance's own extension types, at any depth, in words for an error; `undefined` for
 * any other. Their values are not what their storage type says: a scan answers the addresses of blobs in place of their
 * bytes, and the text of `lance.json` in place of its binary; two bytes of `lance.bfloat16` are a number to Lance alone.
 * Extensions of others (`arrow.uuid`) are kept as their storage type.
 */
export function extensionOf(field: LanceField): string | undefined {
  const name = field.metadata?.[EXTENSION_NAME];
  if (isBlob(field))
    return 'is a blob column, of which LanceDB answers a query with addresses, not with bytes';
  if (name?.startsWith(OWN_EXTENSION)) return `has type ${name}, which the lake cannot hold`;
  return (field.type.fields ?? []).map(extensionOf).find((found) => found !== undefined);
}

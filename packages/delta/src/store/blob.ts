import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Opens what a store's `locate` names, to be read in pieces. */
export async function openBlob(location: string): Promise<Blob> {
  await stat(location); // openAsBlob does not tell why it fails
  return openAsBlob(location);
}

import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { asLakeError, hasErrno } from '../errors/system-errors.ts';
import type { ListedPart, ListingProgress, RowIdListing } from '../lancedb/list-row-ids.ts';
import { writeFileAtomic } from './files.ts';
import type { LakePaths } from './paths.ts';
import type { RunKey } from './staging.ts';

const PART = /^[0-9a-f-]{36}-\d{6}\.ids$/;

/** Another version, filter or number of rows is another listing: the planner counts anew at each attempt. */
function listingName({ version, filter, expected }: RowIdListing): string {
  const facts = JSON.stringify([version, filter ?? null, expected]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 16);
}

async function listParts(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => PART.test(name));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw asLakeError(error, 'list', folder);
  }
}

/** 64-bit numbers: the offset, and then the ids. */
async function readPart(file: string): Promise<ListedPart> {
  try {
    const bytes = await readFile(file);
    const numbers = new BigUint64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    );
    return { offset: Number(numbers[0] ?? 0n), ids: [numbers.subarray(1)] };
  } catch (error) {
    throw asLakeError(error, 'read', file);
  }
}

function partBytes({ ids, offset }: ListedPart): Uint8Array {
  const lists = [BigUint64Array.of(BigInt(offset)), ...ids];
  return Buffer.concat(
    lists.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );
}

/**
 * Keeps a listing of row ids in its run's folder of the lake: `listing-<scan>/<listing>/<attempt>-<number>.ids`. Each
 * attempt has names of its own, so that none replaces what another has written, and all read what is there.
 */
export function listingProgress(
  paths: LakePaths,
  { destination, runId }: RunKey,
  scan: 'rows' | 'keys',
  listing: RowIdListing,
): ListingProgress {
  const folder = path.join(paths.run(destination, runId), `listing-${scan}`, listingName(listing));
  const attempt = randomUUID();
  let parts = 0;
  return {
    async *load() {
      for (const name of await listParts(folder)) yield await readPart(path.join(folder, name));
    },
    async save(part) {
      const name = `${attempt}-${String(parts++).padStart(6, '0')}.ids`;
      await writeFileAtomic(path.join(folder, name), partBytes(part));
    },
  };
}

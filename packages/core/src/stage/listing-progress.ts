import { createHash } from 'node:crypto';
import type { ListedPart, ListingProgress, RowIdListing } from '@lance-offload/lancedb';
import type { PageKind } from '../plan/page.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import { newAttemptId } from '../lake/paths.ts';
import { createData, type RunKey, type Staging } from './staging.ts';

/** Another version, filter or number of rows is another listing, and so is another table under the name: the planner looks anew at each attempt. */
function listingName(
  { version, filter, expected }: RowIdListing,
  identity: RunPlan['identity'] | undefined,
): string {
  const facts = JSON.stringify([version, filter ?? null, expected, identity ?? null]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 16);
}

/** 64-bit numbers: the offset, and then the ids. */
function partOf(bytes: Uint8Array): ListedPart {
  const numbers = new BigUint64Array(bytes.slice().buffer);
  return { offset: Number(numbers[0] ?? 0n), ids: [numbers.subarray(1)] };
}

function partBytes({ ids, offset }: ListedPart): Uint8Array {
  const lists = [BigUint64Array.of(BigInt(offset)), ...ids];
  return Buffer.concat(
    lists.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );
}

/**
 * Keeps a listing of row ids in its run's folder of the lake: `listing-<kind>/<listing>/<attempt>-<number>.ids`. Each
 * attempt has names of its own, so that none replaces what another has written, and all read what is there.
 */
export function listingProgress(
  { store, keys }: Staging,
  { destination, runId, identity }: RunKey & Pick<RunPlan, 'identity'>,
  kind: PageKind,
  listing: RowIdListing,
): ListingProgress {
  const folder = `${keys.run(destination, runId)}/listing-${kind}/${listingName(listing, identity)}/`;
  const attempt = newAttemptId();
  let parts = 0;
  return {
    async *load() {
      for await (const { key } of store.list(folder)) {
        const bytes = key.endsWith('.ids') ? await store.get(key) : undefined;
        if (bytes) yield partOf(bytes);
      }
    },
    async save(part) {
      const name = `${attempt}-${String(parts++).padStart(6, '0')}.ids`;
      await createData(store, folder + name, partBytes(part));
    },
  };
}

import type { Store } from './store.ts';

/** Says which attempt wrote a claim: whose write has no clear answer reads the claim, and then knows. */
export interface Attempted {
  readonly runId: string;
  readonly attempt?: string | undefined;
}

/** What stands where a claim was made, and whether this attempt made it. */
export interface Claimed<T> {
  readonly claim: T;
  readonly mine: boolean;
}

/**
 * Makes a claim: writes it unless there is one. The first one stands, and nothing replaces it.
 *
 * @param parse reads a claim that another attempt has made.
 * @throws OffloadError `LAKE_UNAVAILABLE`, or what `parse` throws.
 */
export async function makeClaim<T extends Attempted>(
  store: Store,
  key: string,
  claim: T,
  parse: (text: string) => T,
): Promise<Claimed<T>> {
  let failure: unknown;
  try {
    if (await store.putIfAbsent(key, `${JSON.stringify(claim, null, 2)}\n`)) return { claim, mine: true };
  } catch (error) {
    failure = error; // no clear answer: it may have been written all the same
  }
  const bytes = await store.get(key).catch(() => undefined);
  if (!bytes) throw failure ?? new Error(`${store.locate(key)} is taken, and is not there`);
  const standing = parse(Buffer.from(bytes).toString());
  const mine = claim.attempt !== undefined && standing.attempt === claim.attempt;
  if (failure !== undefined && !mine) throw failure;
  return { claim: standing, mine };
}

/** The text of an object; `undefined` where there is none. */
export async function getText(store: Store, key: string): Promise<string | undefined> {
  const bytes = await store.get(key);
  return bytes && Buffer.from(bytes).toString();
}

import type { MetaData, Remove } from '../delta-actions.ts';
import type { LogState } from './log-state.ts';

const DAY_MS = 86_400_000;

/** `delta.deletedFileRetentionDuration`, where a table does not set it. */
const KEEP_TOMBSTONES_MS = 7 * DAY_MS;

/** Versions from one checkpoint to the next, where a table does not say (`delta.checkpointInterval`). */
const CHECKPOINT_INTERVAL = 100;

const UNITS_MS: Readonly<Record<string, number>> = {
  nanosecond: 1e-6,
  microsecond: 1e-3,
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
  week: 7 * DAY_MS,
};

/** Milliseconds of `interval 1 week 2 days`, as Spark writes it; `undefined` of what is none. */
export function intervalMs(text: string): number | undefined {
  const words = text.trim().toLowerCase().split(/\s+/);
  if (words[0] === 'interval') words.shift();
  if (words.length === 0 || words.length % 2 !== 0) return undefined;
  let total = 0;
  for (let index = 0; index < words.length; index += 2) {
    const unit = UNITS_MS[(words[index + 1] ?? '').replace(/s$/, '')];
    const count = Number(words[index]);
    if (unit === undefined || !Number.isFinite(count)) return undefined;
    total += count * unit;
  }
  return total;
}

/** A duration that cannot be read keeps everything. */
function keepTombstonesMs(metaData: MetaData | undefined): number {
  const text = metaData?.configuration['delta.deletedFileRetentionDuration'];
  return text === undefined ? KEEP_TOMBSTONES_MS : (intervalMs(text) ?? Number.POSITIVE_INFINITY);
}

/** How many versions lie between two checkpoints of a table. */
export function checkpointInterval(metaData: MetaData | undefined): number {
  const asked = Number(metaData?.configuration['delta.checkpointInterval']);
  return Number.isSafeInteger(asked) && asked > 0 ? asked : CHECKPOINT_INTERVAL;
}

/**
 * A state without the tombstones that have expired: "when current time exceeds the expiration threshold added to the remove action
 * timestamp" (PROTOCOL.md, "Add File and Remove File"). Transactions do not expire by age, whatever `delta.setTransactionRetentionDuration`
 * says: they are how a run is found that is published already.
 */
export function withoutExpired(state: LogState, nowMs: number): LogState {
  const since = nowMs - keepTombstonesMs(state.metaData);
  const isKept = ({ deletionTimestamp = 0 }: Remove): boolean => deletionTimestamp >= since;
  return { ...state, tombstones: new Map([...state.tombstones].filter(([, remove]) => isKept(remove))) };
}

/** How long a transaction is kept at least. A clock decides that it is asked about, and no more. */
const KEEP_TRANSACTIONS_MS = 7 * DAY_MS;

/** Transactions asked about at once. */
const AT_ONCE = 16;

/** Says of an application that its transaction is needed no more, because what it was for is told elsewhere, for good. */
export type IsDone = (appId: string) => Promise<boolean>;

/**
 * A state without old transactions that are needed no more. Each run is a transaction of its own: without this, a checkpoint would grow with
 * all the runs there ever were.
 *
 * @throws what `isDone` throws.
 */
export async function withoutDone(state: LogState, isDone: IsDone, nowMs: number): Promise<LogState> {
  const since = nowMs - KEEP_TRANSACTIONS_MS;
  const old = [...state.transactions.values()].filter(({ lastUpdated = 0 }) => lastUpdated < since);
  const transactions = new Map(state.transactions);
  for (let start = 0; start < old.length; start += AT_ONCE)
    await Promise.all(
      old.slice(start, start + AT_ONCE).map(async ({ appId }) => {
        if (await isDone(appId)) transactions.delete(appId);
      }),
    );
  return { ...state, transactions };
}

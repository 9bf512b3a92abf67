import { DelayedError, type Job } from 'bullmq';
import type { FleetLink } from './fleet-link.ts';
import { COMMIT_QUEUE, PAGE_QUEUE, PLAN_QUEUE } from './queues.ts';

type Store = Pick<FleetLink, 'redis' | 'prefix'>;
type Parked = Store & Pick<FleetLink, 'queues'>;

/** What a job belongs to, by its payload. */
interface Owner {
  readonly table: string;
  readonly runId: string;
}

/** A parked job is looked at again after this long, whatever became of the pause and of those who resume it. */
const PARK_MS = 3_600_000;
/** How long a worker goes by the pauses it has read. */
const CACHED_MS = 1000;
const CHUNK = 500;

/** BullMQ's code for a job that is not in the state it was expected in; -1 is one that is not there. */
const NOT_IN_STATE = -3;

/** The hash of paused tables and runs: a field for each, with who paused it and when. */
export const pausesKey = ({ prefix }: Store): string => `${prefix}:pauses`;
export const tableField = (table: string): string => `table:${table}`;
export const runField = (runId: string): string => `run:${runId}`;

/** The set of jobs that are parked under a pause, as `<queue>/<job id>`. */
const parkedKey = (field: string, { prefix }: Store): string => `${prefix}:parked:${field}`;

/** The pause that holds a job, the wider one first. */
const fieldFor = ({ table, runId }: Owner, paused: ReadonlySet<string>): string | undefined =>
  [tableField(table), runField(runId)].find((field) => paused.has(field));

/**
 * Notes a job as parked under a pause, if the pause is still there. KEYS: pauses, parked jobs, the job's hash; ARGV:
 * pause, member, and what is added to the job's starts: one that ended in parking it was none.
 */
const HOLD = `if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('HINCRBY', KEYS[3], 'ats', ARGV[3]) end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('SADD', KEYS[2], ARGV[2]) return 1`;

async function hold(
  field: string,
  member: string,
  jobKey: string,
  starts: 0 | -1,
  store: Store,
): Promise<boolean> {
  const keys = [pausesKey(store), parkedKey(field, store), jobKey];
  return (await store.redis.eval(HOLD, keys.length, ...keys, field, member, starts)) === 1;
}

/** Which pause holds jobs of a run back, the widest first. */
export async function pauseOf(
  { table, runId }: Owner,
  fleet: FleetLink,
): Promise<'fleet' | 'table' | 'run' | undefined> {
  const [paused, byTable, byRun] = await Promise.all([
    isFleetPaused(fleet),
    fleet.redis.hexists(pausesKey(fleet), tableField(table)),
    fleet.redis.hexists(pausesKey(fleet), runField(runId)),
  ]);
  if (paused) return 'fleet';
  if (byTable === 1) return 'table';
  return byRun === 1 ? 'run' : undefined;
}

/** Whether one of the queues that runs pass through is paused. */
export async function isFleetPaused({ queues }: Pick<FleetLink, 'queues'>): Promise<boolean> {
  const paused = await Promise.all(
    [queues.plan, queues.page, queues.commit].map((queue) => queue.isPaused()),
  );
  return paused.includes(true);
}

/**
 * A worker's view of the paused tables and runs. BullMQ has no groups outside its paid edition, so a paused job is taken
 * and parked: it goes to the delayed jobs, where it costs nothing, until it is resumed.
 */
export class Parking {
  readonly #store: Store;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #paused: Promise<ReadonlySet<string>> = Promise.resolve(new Set<string>());

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Parks a job that has just been taken, if its table or its run is paused. Uses up no attempt.
   *
   * @throws DelayedError for a job that is parked: BullMQ's word for one whose processor is to do no more.
   */
  async check(job: Job<Owner>, token: string | undefined): Promise<void> {
    const field = fieldFor(job.data, await this.#read());
    if (field === undefined || job.id === undefined) return;
    await job.moveToDelayed(Date.now() + PARK_MS, token);
    // Only now: whoever resumes removes the pause first and then looks for parked jobs, so that one of the two finds it.
    const key = `${this.#store.prefix}:${job.queueName}:${job.id}`;
    if (!(await hold(field, `${job.queueName}/${job.id}`, key, -1, this.#store))) {
      this.#readAtMs = Number.NEGATIVE_INFINITY; // resumed since: what was read does not hold any more
      await promote(job);
    }
    throw new DelayedError();
  }

  #read(): Promise<ReadonlySet<string>> {
    const now = performance.now();
    if (now - this.#readAtMs < CACHED_MS) return this.#paused;
    this.#readAtMs = now;
    const before = this.#paused;
    // Where Redis fails, the job goes by what was known; the queue has its own ways to wait for Redis.
    this.#paused = this.#store.redis.hkeys(pausesKey(this.#store)).then(
      (fields) => new Set(fields),
      () => before,
    );
    return this.#paused;
  }
}

async function promote(job: Job): Promise<boolean> {
  try {
    await job.promote();
    return true;
  } catch (error) {
    // Promoted already, or taken out of the queue.
    if ((error as { readonly code?: unknown }).code === NOT_IN_STATE) return false;
    throw error;
  }
}

/** Lets one parked job go, unless another pause holds it: then it is parked under that. Returns whether it went. */
async function release(
  member: string,
  field: string,
  paused: ReadonlySet<string>,
  fleet: Parked,
): Promise<boolean> {
  const { plan, page, commit } = fleet.queues;
  const queues = { [PLAN_QUEUE]: plan, [PAGE_QUEUE]: page, [COMMIT_QUEUE]: commit };
  const [name = '', id = ''] = member.split('/');
  const queue = queues[name as keyof typeof queues];
  const job: Job<Owner> | undefined = await queue.getJob(id);
  let released = false;
  if (job) {
    const other = fieldFor(job.data, paused);
    const held = other !== undefined && (await hold(other, member, queue.toKey(id), 0, fleet));
    if (!held) released = await promote(job);
  }
  await fleet.redis.srem(parkedKey(field, fleet), member);
  return released;
}

/**
 * Puts the jobs that are parked under a pause back into their queues, once the pause is gone. Killed at any instant and
 * called again, it goes on with the rest. Ends early where the same is paused again meanwhile.
 *
 * @returns how many went back.
 */
export async function releaseParked(field: string, fleet: Parked): Promise<number> {
  let released = 0;
  for (;;) {
    const paused = new Set(await fleet.redis.hkeys(pausesKey(fleet)));
    if (paused.has(field)) return released;
    const members = await fleet.redis.srandmember(parkedKey(field, fleet), CHUNK);
    if (members.length === 0) return released;
    const outcomes = await Promise.all(members.map((member) => release(member, field, paused, fleet)));
    released += outcomes.filter(Boolean).length;
  }
}

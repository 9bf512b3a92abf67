import { ERROR_POLICY } from '@lance-offload/base';
import type { FleetLink, RunStep } from '@lance-offload/fleet';
import { z } from 'zod';
import type { Failure } from './answers.ts';

/** What is kept of a failed job in memory. */
export type FailureFacts = Pick<Failure, 'table' | 'code' | 'attempts'>;

/** A failed job, without its words. */
export type KnownFailure = Omit<Failure, keyof FailureWords | 'jobUrl'>;

/** What is read for the jobs that are shown. */
type FailureWords = Pick<Failure, 'message' | 'hint'>;

const MOST_CHARACTERS = 600;

/** Of what a failure has nothing but these leaves Redis: its details are for the operator's terminal. */
const keptSchema = z.object({
  failure: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
});

type Fields = readonly (string | null)[];

function keptOf(progress: string | null | undefined): z.output<typeof keptSchema>['failure'] | undefined {
  try {
    return keptSchema.safeParse(JSON.parse(progress ?? 'null')).data?.failure;
  } catch {
    return undefined; // no JSON is no failure of ours
  }
}

async function readFields(
  step: RunStep,
  jobIds: readonly string[],
  fields: readonly string[],
  { queues, redis }: FleetLink,
): Promise<Fields[]> {
  const pipeline = redis.pipeline();
  for (const jobId of jobIds) pipeline.hmget(queues[step].toKey(jobId), ...fields);
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, values]) => {
    if (error) throw error;
    return values as Fields;
  });
}

// Texts are cut out of longer ones, and V8 would keep those; and there are few different ones.
const interned = new Map<string, string>();
function intern(text: string): string {
  const known = interned.get(text);
  if (known !== undefined) return known;
  if (interned.size > 10_000) interned.clear();
  const copy = Buffer.from(text).toString();
  interned.set(copy, copy);
  return copy;
}

/** Facts of failed jobs, in their order; `undefined` for one that is gone. */
export async function readFacts(
  step: RunStep,
  jobIds: readonly string[],
  fleet: FleetLink,
): Promise<(FailureFacts | undefined)[]> {
  const rows = await readFields(step, jobIds, ['name', 'progress', 'atm'], fleet);
  return rows.map(([name, progress, attempts]) => {
    if (typeof name !== 'string') return undefined;
    // Without a failure of its own the job was ended by BullMQ, after its worker died again and again.
    const code = keptOf(progress)?.code ?? 'INTERNAL';
    return { table: intern(name), code: intern(code), attempts: Number(attempts ?? 0) };
  });
}

/** Words of failed jobs of one step, in their order. */
async function readWords(
  step: RunStep,
  jobIds: readonly string[],
  fleet: FleetLink,
): Promise<FailureWords[]> {
  const rows = await readFields(step, jobIds, ['progress', 'failedReason'], fleet);
  return rows.map(([progress, reason]) => {
    const kept = keptOf(progress);
    const message = kept?.message ?? reason ?? 'It is not known what failed.';
    return {
      message: message.length > MOST_CHARACTERS ? `${message.slice(0, MOST_CHARACTERS)}…` : message,
      hint: kept?.hint ?? ERROR_POLICY.INTERNAL.hint,
    };
  });
}

/** Where Bull Board shows a job. */
export function jobUrlOf(step: RunStep, jobId: string, { queues }: FleetLink): string {
  return `/queues/queue/${encodeURIComponent(queues[step].name)}/${encodeURIComponent(jobId)}`;
}

/** Failures with their words, in their order. */
export async function describeFailures(
  failures: readonly KnownFailure[],
  fleet: FleetLink,
): Promise<Failure[]> {
  const words = new Map<string, FailureWords>();
  for (const step of new Set(failures.map((failure) => failure.step))) {
    const jobIds = failures.filter((failure) => failure.step === step).map(({ jobId }) => jobId);
    const read = await readWords(step, jobIds, fleet);
    for (const [index, jobId] of jobIds.entries()) words.set(jobId, read[index] ?? { message: '', hint: '' });
  }
  return failures.map(({ jobId, step, runId, table, page, code, attempts, atMs }) => ({
    jobId,
    step,
    runId,
    table,
    page,
    code,
    message: words.get(jobId)?.message ?? '',
    hint: words.get(jobId)?.hint ?? '',
    attempts,
    atMs,
    jobUrl: jobUrlOf(step, jobId, fleet),
  }));
}

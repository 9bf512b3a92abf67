import { z } from 'zod';
import { ERROR_POLICY } from '@lance-offload/base';
import type { FleetLink } from './fleet-link.ts';
import { failureSchema } from './payloads.ts';

/** The steps of a run, in their order. */
export const RUN_STEPS = ['plan', 'page', 'commit'] as const;
export type RunStep = (typeof RUN_STEPS)[number];

/** Which failed jobs; each criterion that is given must hold. */
export interface FailureFilter {
  readonly runId?: string | undefined;
  /** Name of the table at the source. */
  readonly table?: string | undefined;
  /** An `OffloadErrorCode`. */
  readonly code?: string | undefined;
  readonly jobIds?: readonly string[] | undefined;
  readonly step?: RunStep | undefined;
}

/** A job that failed for good. */
export interface FailedJob {
  readonly jobId: string;
  readonly step: RunStep;
  readonly runId: string;
  readonly table: string;
  readonly destination: string;
  /** Its index, of a page. */
  readonly page?: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly attempts: number;
  readonly atMs: number;
  /** Some of the rows it is about, for the operator's terminal only. */
  readonly sample?: readonly string[];
}

/** A failed job with its progress as Redis has it. */
export interface FoundJob {
  readonly job: FailedJob;
  readonly progress: string | null;
}

const CHUNK = 500;
const FIELDS = ['data', 'progress', 'failedReason', 'atm', 'finishedOn'] as const;

const dataSchema = z.object({
  runId: z.string(),
  table: z.string(),
  destination: z.string(),
  page: z.object({ index: z.int() }).optional(),
});

function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined; // no JSON is no payload of ours
  }
}

function foundJob(jobId: string, step: RunStep, fields: readonly (string | null)[]): FoundJob | undefined {
  const [data, progress = null, failedReason, attempts, finishedOn] = fields;
  const owner = dataSchema.safeParse(parseJson(data)).data;
  if (!owner) return undefined; // removed meanwhile
  const { page, ...run } = owner;
  const failure = failureSchema.safeParse(parseJson(progress)).data?.failure;
  const job = {
    jobId,
    step,
    ...run,
    ...(page && { page: page.index }),
    code: failure?.code ?? 'INTERNAL',
    // Without a failure of its own the job was ended by BullMQ, after its worker died again and again.
    message: failure?.message ?? failedReason ?? '',
    hint: failure?.hint ?? ERROR_POLICY.INTERNAL.hint,
    attempts: Number(attempts ?? 0),
    atMs: Number(finishedOn ?? 0),
    ...(failure?.details.sample && { sample: failure.details.sample }),
  };
  return { job, progress };
}

function matches({ job }: FoundJob, { runId, table, code }: FailureFilter): boolean {
  return (
    (runId === undefined || job.runId === runId) &&
    (table === undefined || job.table === table) &&
    (code === undefined || job.code === code)
  );
}

/** Ids first, so that jobs which cannot be meant cost nothing but their id. */
async function failedIds(step: RunStep, filter: FailureFilter, { queues }: FleetLink): Promise<string[]> {
  const wanted = filter.jobIds && new Set(filter.jobIds);
  const { runId } = filter;
  const ids = await queues[step].getRanges(['failed'], 0, -1, true);
  return ids.filter(
    (id) => (!wanted || wanted.has(id)) && (runId === undefined || id.startsWith(`${runId}.`)),
  );
}

/** Failed jobs, some at a time: plans, pages, commits, and of each those that failed first. */
export async function* eachFailure(fleet: FleetLink, filter: FailureFilter): AsyncGenerator<FoundJob[]> {
  for (const step of filter.step === undefined ? RUN_STEPS : [filter.step]) {
    const ids = await failedIds(step, filter, fleet);
    for (let at = 0; at < ids.length; at += CHUNK) {
      const chunk = ids.slice(at, at + CHUNK);
      const reads = fleet.redis.pipeline();
      for (const id of chunk) reads.hmget(fleet.queues[step].toKey(id), ...FIELDS);
      const answers = (await reads.exec()) ?? [];
      const found = chunk.flatMap((id, index) => {
        const [error, fields] = answers[index] ?? [new Error('Redis did not answer')];
        if (error) throw error;
        const one = foundJob(id, step, fields as (string | null)[]);
        return one && matches(one, filter) ? [one] : [];
      });
      if (found.length > 0) yield found;
    }
  }
}

/** The failed jobs that a filter means: plans, pages, commits, and of each those that failed first. */
export async function findFailures(fleet: FleetLink, filter: FailureFilter): Promise<FailedJob[]> {
  const all: FailedJob[] = [];
  for await (const found of eachFailure(fleet, filter)) for (const { job } of found) all.push(job);
  return all;
}

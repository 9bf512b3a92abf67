import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { JobStatus, QueueAdapterOptions } from '@bull-board/api/typings/app';
import type { Job, Queue } from 'bullmq';
import { formatData, formatName, formatProgress, formatResult, runLinkOf } from './board-formatters.ts';

/**
 * Makes a job's retry start its attempts anew: by itself BullMQ goes on counting, and a page with its attempts used up
 * would get a single try. The job is an instance of its own for each request.
 */
function withFreshAttempts(job: Job): Job {
  const retry = job.retry.bind(job);
  job.retry = async (state = 'failed') => {
    if (state !== 'failed')
      throw new Error('Only failed jobs are retried: what is completed is in the lake.');
    await retry(state, { resetAttemptsMade: true, resetAttemptsStarted: true });
  };
  return job;
}

/** Bull Board's view of one of the fleet's queues. */
export class OffloadQueueAdapter extends BullMQAdapter {
  override readonly allowCompletedRetries = false;

  constructor(queue: Queue, options: Partial<QueueAdapterOptions>) {
    super(queue, { ...options, externalJobUrl: runLinkOf });
    this.setFormatter('name', formatName);
    this.setFormatter('data', formatData);
    this.setFormatter('returnValue', formatResult);
    this.setFormatter('progress', formatProgress);
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const job = await super.getJob(id);
    return job && withFreshAttempts(job);
  }

  override async getJobs(statuses: JobStatus[], start?: number, end?: number): Promise<Job[]> {
    const jobs = await super.getJobs(statuses, start, end);
    return jobs.map(withFreshAttempts);
  }
}

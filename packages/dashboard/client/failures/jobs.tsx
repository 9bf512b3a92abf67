import { useState } from 'preact/hooks';
import type { FailedJobs, Failure, FailureFilter } from '../../src/api/answers.ts';
import { count } from '../format.ts';
import { useAnswer } from '../live/use-answer.ts';
import { Pager } from '../parts/data-table.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, Problem } from '../parts/section.tsx';
import { Ago } from '../parts/time.tsx';
import { runPath, withQuery } from '../router.ts';
import { RetryButton } from './retry.tsx';

const SHOWN = 50;

function Job({ job }: { job: Failure }) {
  const { jobId, step, runId, page, message, attempts, atMs, jobUrl } = job;
  const what = page === null ? step : `page ${count(page)}`;
  return (
    <li class="job">
      <div class="job-head">
        <a class="name" href={withQuery(runPath(runId), { page })}>
          {what}
        </a>
        <span class="faint">
          <span class="id">{runId}</span>, {attempts === 1 ? '1 attempt' : `${count(attempts)} attempts`}, <Ago ms={atMs} />
        </span>
        <span class="buttons">
          <a class="button small" href={jobUrl} aria-label={`The job of ${what} on Bull Board`}>
            Job <Icon name="outside" />
          </a>
          <RetryButton label="Retry" name={`Retry ${what} of ${runId}`} kind="small" total={1} filter={{ jobIds: [jobId] }} />
        </span>
      </div>
      <p class="words">{message}</p>
    </li>
  );
}

/** The single failures of a group, 50 at a time. `version` changes when they may have. */
export function Jobs({ filter, version }: { filter: Pick<FailureFilter, 'code' | 'table' | 'runId' | 'step'>; version: unknown }) {
  const [page, setPage] = useState(0);
  const { answer, error } = useAnswer<FailedJobs>(withQuery('/api/failures/jobs', { ...filter, offset: page * SHOWN, limit: SHOWN }), version);
  if (error) return <Problem text={error.message} />;
  if (!answer) return <Empty>Loading…</Empty>;
  return (
    <>
      <ul class="jobs">
        {answer.jobs.map((job) => (
          <Job key={job.jobId} job={job} />
        ))}
      </ul>
      <Pager of="failures" page={page} size={SHOWN} total={answer.total} onPage={setPage} />
    </>
  );
}

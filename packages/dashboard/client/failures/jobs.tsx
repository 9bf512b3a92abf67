import { useState } from 'preact/hooks';
import type { FailedJobs, Failure, FailureFilter } from '../../src/api/answers.ts';
import { count } from '../format.ts';
import { useAnswer } from '../live/use-answer.ts';
import { PartsNav } from '../parts/data-table.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, Problem } from '../parts/section.tsx';
import { Ago } from '../parts/time.tsx';
import { runPath, withQuery } from '../router.ts';
import { RetryButton } from './retry.tsx';

const SHOWN = 50;

interface JobProps {
  readonly job: Failure;
  /** Words of the group, which need not stand here again. */
  readonly known: string;
}

function Job({ job, known }: JobProps) {
  const { jobId, step, runId, page, message, attempts, atMs, jobUrl } = job;
  const what = page === null ? step : `page ${count(page)}`;
  return (
    <li class="job">
      <div class="job-head">
        <a class="name" href={withQuery(runPath(runId), { page })}>
          {what}
        </a>
        <span class="faint">
          <span class="id">{runId}</span>, {attempts === 1 ? '1 attempt' : `${count(attempts)} attempts`},{' '}
          <Ago ms={atMs} />
        </span>
        <span class="buttons">
          <a class="button small" href={jobUrl} aria-label={`The job of ${what} on Bull Board`}>
            Job <Icon name="outside" />
          </a>
          <RetryButton
            label="Retry"
            name={`Retry ${what} of ${runId}`}
            kind="small"
            total={1}
            filter={{ jobIds: [jobId] }}
          />
        </span>
      </div>
      {message !== known && <p class="words">{message}</p>}
    </li>
  );
}

interface JobsProps {
  readonly filter: Pick<FailureFilter, 'code' | 'table' | 'runId' | 'step'>;
  readonly known: string;
  /** Changes when the failures may have. */
  readonly version: unknown;
}

/** The single failures of a group, 50 at a time. */
export function Jobs({ filter, known, version }: JobsProps) {
  const [part, setPart] = useState(0);
  const { answer, error } = useAnswer<FailedJobs>(
    withQuery('/api/failures/jobs', { ...filter, offset: part * SHOWN, limit: SHOWN }),
    version,
  );
  if (error) return <Problem text={error.message} />;
  if (!answer) return <Empty>Loading…</Empty>;
  return (
    <>
      <ul class="jobs">
        {answer.jobs.map((job) => (
          <Job key={job.jobId} job={job} known={known} />
        ))}
      </ul>
      <PartsNav of="failures" part={part} size={SHOWN} total={answer.total} onPart={setPart} />
    </>
  );
}

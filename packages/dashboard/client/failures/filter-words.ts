import type { FailureFilter } from '../../src/api/answers.ts';
import { count } from '../format.ts';

/** What a retry was asked for: `SOURCE_SHORT in documents`. */
export function filterWords({ code, table, runId, step, jobIds }: FailureFilter): string {
  const words = [
    code ?? 'all failures',
    table && `in ${table}`,
    runId && `of run ${runId}`,
    step && `at the ${step} step`,
  ];
  if (jobIds) words.push(`(${count(jobIds.length)} chosen)`);
  return words.filter(Boolean).join(' ');
}

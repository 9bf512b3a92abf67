import { ERROR_POLICY } from '@lance-offload/base';
import { MAX_RETRIES, type FaultOutcome } from './fault-runs.ts';
import type { Fault } from './faults.ts';

function next(code: string | undefined): string {
  return code === undefined ? '–' : ERROR_POLICY[code as keyof typeof ERROR_POLICY].next;
}

/** What should become of a run that meets a fault once, or whenever it asks. */
export function expectedOutcome(
  { name, code, requests, healsInPlace = false }: Fault,
  always: boolean,
): Partial<FaultOutcome> {
  const failing = healsInPlace && !always ? undefined : code;
  const tries = next(failing) === 'retry' ? (always ? MAX_RETRIES + 1 : 2) : 1;
  const fails = failing !== undefined && (always || next(failing) === 'give-up');
  return {
    name,
    code: failing,
    attempts: tries,
    ...(!always && { requests: requests ?? tries }),
    state: fails ? 'blocked' : 'published',
    lake: fails ? 'nothing' : 'exact',
    afterwards: 'exact',
  };
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(header), row(header.map(() => '---')), ...rows.map(row)].join('\n');
}

function ending({ attempts, requests, state, lake }: FaultOutcome): string[] {
  return [`${attempts} (${requests})`, `${state}: ${lake}`];
}

/** The faults that spoil a page's answer, once and each time, as a table. */
export function spoiltTable(once: readonly FaultOutcome[], always: readonly FaultOutcome[]): string {
  const rows = once.map((first, index) => {
    const last = always[index] ?? first;
    const code = last.code ?? first.code;
    const codeWords = code === undefined ? 'none' : `\`${code}\``;
    return [first.name, codeWords, next(code), ...ending(first), ...ending(last), last.afterwards];
  });
  return table(
    [
      'fault',
      'code',
      'then',
      'once: attempts (requests)',
      'run: lake',
      'always: attempts (requests)',
      'run: lake',
      'when it has passed, after `retry`',
    ],
    rows,
  );
}

/** Faults that use up no attempt, or that nothing but a new run remedies, as a table. */
export function otherTable(rows: readonly (readonly string[])[]): string {
  return table(['fault', 'code', 'then', 'attempts used up', 'meanwhile', 'in the end'], rows);
}

/** docs/faults.md. */
export function faultsDocument(spoilt: string, others: string): string {
  return `# Faults of the source

What a run does when the source does not answer as it should. This page is written by \`e2e/test/faults.e2e.test.ts\`, which
injects each fault into a real run (a LanceDB server, Redis, a worker, a lake) and fails where the page is not what it saw.

Each table has three pages of 20 rows; the fault meets the second. \`max_retries\` is ${MAX_RETRIES}: a page has ${MAX_RETRIES + 1} attempts. *exact* means
that the lake holds exactly the source's rows, each once; *nothing*, that no reader finds a table. [Errors](errors.md) has the codes.

${spoilt}

A page is never staged from an answer that is not whole, and a run is never published without all its pages. What is
only short or too large is asked for again, from where it stopped or in smaller parts, within the same attempt.

## Rate limits and versions that are gone

${others}

After a 429 all workers share one pace, which is learnt from what the source answers: [Operations](operations.md#rate-limits).
`;
}

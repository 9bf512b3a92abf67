import type { TableState } from '@lance-offload/core';
import type { CommittedSelection } from './committed-selection.ts';
import type { Finding, Findings } from './verdict.ts';

function counted({ count }: Finding, one: string): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : `${one}s`}`;
}

/** A note on a finding, where it was made. */
function noteOn(finding: Finding, one: string, words: string): string[] {
  return finding.count === 0 ? [] : [`${counted(finding, one)} ${words}`];
}

function goneWords({ deletesVersion }: TableState, { filter, offset }: CommittedSelection): string {
  const what =
    filter !== null || offset > 0 ? 'gone at the source, or not selected any more' : 'gone at the source';
  const since =
    deletesVersion === undefined
      ? 'no run has looked for that'
      : `not looked for since version ${deletesVersion}`;
  return `of the lake ${what}: ${since} (run --sweep-deletes does)`;
}

const ROW_VERSIONS =
  'runs read the rows whose version at the source is later than that of the last run: a table that was restored to an earlier version is brought in by run --full only';

/** What the explained differences of a table come from, and what may have led to faults. */
export function findingNotes(findings: Findings, state: TableState, selection: CommittedSelection): string[] {
  const { missing, different, gone, unselected, newer, tied, inexact, past } = findings;
  const { cursorField, cursor, changeTracking, sourceVersion } = state;
  const sequence = JSON.stringify(state.sequenceBy);
  const window = `runs read ${JSON.stringify(cursorField)} from its last value on (${cursor ?? 'none yet'}): what was added or changed without a greater one is found by run --full only`;
  return [
    ...noteOn(gone, 'key', goneWords(state, selection)),
    ...noteOn(
      unselected,
      'key',
      'of the lake not selected any more at the source: runs leave such rows as they are',
    ),
    ...noteOn(
      newer,
      'key',
      `with a greater ${sequence} in the lake than at the source: a late row does not take the place of a newer one`,
    ),
    ...noteOn(
      tied,
      'key',
      `with several rows of the same ${sequence} at the source, of which the lake has another one`,
    ),
    ...noteOn(
      inexact,
      'row',
      'of the lake equal to the source, but not bit for bit: the sign of a zero or the bits of a NaN; a run takes that for no change',
    ),
    ...noteOn(
      past,
      'row',
      `of the lake not at version ${sourceVersion} of the source: changed or deleted there since they were appended`,
    ),
    ...(changeTracking !== undefined && missing.count + different.count > 0 ? [ROW_VERSIONS] : []),
    ...(cursorField !== undefined && missing.count + different.count > 0 ? [window] : []),
  ];
}

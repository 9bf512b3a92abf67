import { STATE_MEANINGS, waysOutOf, type RunStatus } from '@lance-offload/fleet';
import { expect, test } from 'vitest';
import { pagesWords } from '../../src/screen/run-screen.ts';
import { reconciliationTable, wayOutLines } from '../../src/screen/run-words.ts';

const STATUS: RunStatus = {
  runId: 'documents-20261122T101500Z-7f3a',
  table: 'documents',
  destination: 'documents',
  state: 'committing',
  meaning: STATE_MEANINGS.committing,
  waysOut: [],
  sourceVersion: 7,
  sourceRows: 300,
  pages: { total: 2, staged: 2, failed: 0, waiting: 0, repairs: 0 },
  failures: [],
};

const repaired: RunStatus = { ...STATUS, pages: { total: 2, staged: 2, failed: 0, waiting: 0, repairs: 1 } };

test('pages that had to be fetched again are counted apart from those that were planned', () => {
  expect(pagesWords(STATUS)).toBe('2/2 pages');
  expect(pagesWords(repaired)).toBe('2/2 pages + 1 repair');
  expect(reconciliationTable([STATUS])).not.toContain('repair');
  expect(reconciliationTable([repaired])).toMatch(/\b300\b.*\b2 \+ 1 repair\b/);
});

test('a run that found nothing to do says that there was nothing to read', () => {
  const pages = { total: 0, staged: 0, failed: 0, waiting: 0, repairs: 0 };
  expect(pagesWords({ ...STATUS, state: 'unchanged', pages })).toBe('nothing to read');
});

const run = { runId: 'documents-20261122T101500Z-7f3a', table: 'documents', destination: 'documents' };

test('where a run stands is said with each command that leads out of there', () => {
  const unreported: RunStatus = {
    ...run,
    state: 'unreported',
    meaning: STATE_MEANINGS.unreported,
    waysOut: waysOutOf('unreported', run),
    failures: [],
  };
  expect(wayOutLines(unreported)).toEqual([
    'documents: unreported: it is published; its report is not written yet',
    '  lance-offload retry documents-20261122T101500Z-7f3a  writes its report',
    '  lance-offload run documents                          writes its report, and begins the next run of the table',
  ]);
});

test('a run that has ended needs no way out', () => {
  const ended = { state: 'published', meaning: STATE_MEANINGS.published, waysOut: [] } as const;
  expect(wayOutLines({ ...run, ...ended, failures: [] })).toEqual([]);
});

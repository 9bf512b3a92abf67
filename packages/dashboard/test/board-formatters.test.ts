import { PAYLOAD_VERSION } from '@lance-offload/core';
import { expect, test } from 'vitest';
import { formatData, formatName, formatProgress, formatResult, runLinkOf } from '../src/board-formatters.ts';

const run = {
  payloadVersion: PAYLOAD_VERSION,
  runId: 'documents-20261122T101500Z-7f3a',
  table: 'documents',
  destination: 'documents_lake',
};

test('a page is named by its table and number, and shows its rows or keys', () => {
  const data = { ...run, page: { index: 12, offset: 12_000, limit: 1000, scan: 'keys', repair: false } };
  expect(formatName({ name: 'documents', data })).toBe('documents, page 12');
  expect(formatData(data)).toEqual({
    table: 'documents',
    lakeTable: 'documents_lake',
    run: run.runId,
    page: 12,
    rows: 'keys 12,000 to 12,999',
  });
});

test('a commit is named by its table and leads to its run; a schedule leads to the overview', () => {
  expect(formatName({ name: 'documents', data: run })).toBe('documents');
  expect(runLinkOf({ data: run })).toEqual({ displayText: 'Run', href: `/runs/${run.runId}` });
  const schedule = { payloadVersion: PAYLOAD_VERSION, table: 'documents', source: 'http://user:pw@host' };
  expect(formatData(schedule)).toEqual({ table: 'documents' });
  expect(runLinkOf({ data: schedule })).toEqual({ displayText: 'Overview', href: '/' });
});

test('of results and progress only what is known is shown', () => {
  expect(formatResult({ rows: 10, bytes: 800, sample: 'x' })).toEqual({ rows: 10, bytes: 800 });
  expect(formatResult(undefined)).toBeNull();
  expect(formatProgress(0)).toBe(0);
  expect(formatProgress({ sample: 'x' })).toBe(0);
});

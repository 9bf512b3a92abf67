import { createHash, randomBytes } from 'node:crypto';

const MAX_SLUG = 34;

/** What tells a name from others whose slug is the same: one that is cut, or in letters a slug has not. */
function tellingPart(destination: string): string {
  if (destination.length <= MAX_SLUG && /^[\w .-]+$/.test(destination)) return '';
  return `-${createHash('sha256').update(destination).digest('hex').slice(0, 6)}`;
}

/** `documents-20261122T101500Z-7f3a`: readable, sorts by time within a table, safe as a file name and a job id. */
export function newRunId(
  destination: string,
  startedAt: Date,
  suffix: string = randomBytes(2).toString('hex'),
): string {
  const slug =
    destination
      .replaceAll(/[^A-Za-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, MAX_SLUG) || 'table';
  const time = startedAt
    .toISOString()
    .replaceAll(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `${slug}${tellingPart(destination)}-${time}-${suffix}`;
}

/** Whether a run id begins as those of a table do, of which there may be more than one. */
export function isRunIdOf(destination: string, runId: string): boolean {
  const behind = '19700101T000000Z-0000'.length;
  return newRunId(destination, new Date(0), '0000').slice(0, -behind) === runId.slice(0, -behind);
}

const RUN_ID = /^[A-Za-z0-9-]+-\d{8}T\d{6}Z-[0-9a-f]{4}$/;

/** Whether a text has the form of a run id; one that has not must never become part of a path. */
export function isRunId(text: string): boolean {
  return RUN_ID.test(text);
}

import { findRun, readRecord, type FleetLink, type RunRecord } from '@lance-offload/fleet';
import { isRunId } from '@lance-offload/core';
import { ApiError } from './api-error.ts';
import type { FleetState } from './fleet-state.ts';
import { findInLake } from './lake-runs.ts';

/**
 * A run as the fleet has told of it, or as the lake has it.
 *
 * @throws ApiError 404 where neither knows it.
 */
export async function findRecord(runId: string, state: FleetState, fleet: FleetLink): Promise<RunRecord> {
  if (!isRunId(runId)) throw new ApiError(404, 'RUN_NOT_FOUND', `"${runId}" is not a run id.`);
  const known = state.book.find(runId) ?? (await readRecord(runId, fleet));
  if (known) return known;
  const key = await findRun(runId, fleet);
  const inLake = await findInLake(key, fleet);
  // Enqueued, and neither told of nor planned.
  return (
    inLake ?? { ...key, state: 'planning', startedAtMs: 0, stagedPages: 0, rows: 0, bytes: 0, retries: 0 }
  );
}

import {
  cancelRun,
  pause,
  readInterventions,
  readLimits,
  readPauses,
  logIntervention,
  resume,
  retryFailures,
  retryRun,
  setLimits,
  type FleetLink,
  type FailureFilter,
  type LimitChanges,
  type Limits,
  type NewIntervention,
  type PauseScope,
  type RetriedRun,
  type RetryOptions,
} from '@lance-offload/fleet';
import type { Interventions, Control } from './answers.ts';
import type { PauseBody } from './inputs.ts';

/** What the API does to the fleet, and what operators have set. All of it throws `OffloadError`s. */
export interface FleetCommands {
  readControl(): Promise<Control>;
  pause(scope: PauseBody, by: string): Promise<void>;
  /** Returns whether it was paused. */
  resume(scope: PauseBody): Promise<boolean>;
  setLimits(changes: LimitChanges): Promise<Limits>;
  cancelRun(runId: string): Promise<void>;
  /** Returns how many jobs got fresh attempts, and whether the run lacked nothing but its report. */
  retryRun(runId: string): Promise<Pick<RetriedRun, 'retried' | 'finished'>>;
  /** Gives failed jobs fresh attempts until it is stopped. */
  retryFailures(filter: FailureFilter, options: RetryOptions): Promise<void>;
  logIntervention(intervention: NewIntervention): Promise<void>;
  /** The newest first. */
  readInterventions(limit: number): Promise<Interventions['actions']>;
}

const scopeOf = (body: PauseBody): PauseScope => {
  if (body.scope === 'fleet') return 'fleet';
  return body.scope === 'table' ? { table: body.name } : { runId: body.name };
};

/** What core does for a fleet. */
export function fleetCommands(fleet: FleetLink): FleetCommands {
  return {
    readControl: async () => {
      const [pauses, limits] = await Promise.all([readPauses(fleet), readLimits(fleet)]);
      return {
        fleetPaused: pauses.fleet,
        pausedTables: pauses.tables.map(({ table }) => table),
        pausedRuns: pauses.runs.map(({ runId }) => runId),
        ...limits,
      };
    },
    pause: (scope, by) => pause(fleet, scopeOf(scope), by),
    resume: async (scope) => {
      const { wasPaused, released } = await resume(fleet, scopeOf(scope));
      return wasPaused || released > 0;
    },
    setLimits: (changes) => setLimits(fleet, changes),
    cancelRun: async (runId) => {
      await cancelRun(runId, fleet);
    },
    retryRun: (runId) => retryRun(runId, fleet),
    retryFailures: async (filter, options) => {
      await retryFailures(fleet, filter, options);
    },
    logIntervention: (intervention) => logIntervention(fleet, intervention),
    readInterventions: (limit) => readInterventions(fleet, limit),
  };
}

import { createLanceClient, RequestSizes } from '@lance-offload/lancedb';
import {
  Queues,
  connectRedis,
  cancelRun,
  startRun,
  type FleetLink,
  type RunRequest,
} from '@lance-offload/fleet';
import { commitRun, planPages, type Staging } from '@lance-offload/core';
import { NO_TRACING } from '@lance-offload/base';
import { collectGarbage } from '../../../core/src/lake/housekeeping.ts';
import { transformPage } from '../../../core/src/stage/transform-page.ts';
import { planRun } from '../../../producer/src/run/plan-run.ts';
import { createRepair } from '../../src/repair-run.ts';
import { stagePage, type PageDeps } from '../../src/stage-page.ts';

/** What the parts of a run are played with. */
export interface Scene {
  /** The run that is played. */
  readonly runId: string;
  readonly destination: string;
  /** Serves the run's rows. */
  readonly sourceUrl: string;
  readonly redisUrl: string;
  /** Of the fleet's queues. */
  readonly prefix: string;
  readonly request: RunRequest;
}

function clientOf({ sourceUrl }: Scene) {
  const connection = {
    api_key: 'sk_test',
    project_name: 'p',
    region: 'us-east-1',
    host: sourceUrl,
    max_retries: 2,
    initial_retry_delay: 0.001,
    request_timeout: 10,
  };
  return createLanceClient(connection, { userAgent: 'stops' });
}

function pageDeps(scene: Scene, staging: Staging): PageDeps {
  return {
    source: clientOf(scene),
    staging,
    transform: async (task) => ({
      made: transformPage(task),
      bodies: task.bodies.map(({ buffer }) => buffer),
    }),
    sizes: new RequestSizes(),
    tracing: NO_TRACING,
    worker: `worker-${process.pid}`,
  };
}

async function withFleet<T>(
  scene: Scene,
  staging: Staging,
  work: (fleet: FleetLink) => Promise<T>,
): Promise<T> {
  const redis = await connectRedis(scene.redisUrl, () => undefined);
  const queues = new Queues(redis, scene.prefix);
  try {
    const attempts = { maxRetries: 0, initialDelayMs: 1 };
    return await work({ redis, queues, staging, prefix: scene.prefix, attempts });
  } finally {
    await queues.close();
    redis.disconnect();
  }
}

/** Stages all pages of the run, one after the other, as a worker that takes their jobs. */
async function stage(scene: Scene, staging: Staging): Promise<string> {
  const deps = pageDeps(scene, staging);
  const { signal } = new AbortController();
  const planned = await staging.readPlan(scene);
  for (const page of planPages(planned)) {
    if (await staging.hasEnded(scene)) return 'ended';
    await stagePage(planned, page, deps, signal);
  }
  return 'staged';
}

async function commit(scene: Scene, staging: Staging): Promise<string> {
  const repair = createRepair(pageDeps(scene, staging), new AbortController().signal);
  const { state } = await commitRun(scene, staging, undefined, repair);
  return state;
}

function cancel(scene: Scene, staging: Staging): Promise<string> {
  return withFleet(scene, staging, async (fleet) => {
    await cancelRun(scene.runId, fleet);
    return 'cancelled';
  });
}

/** Opens the next run of the table. */
function start(scene: Scene, staging: Staging): Promise<string> {
  return withFleet(scene, staging, async (fleet) => {
    const { runId, adopted } = await startRun(scene.request, fleet);
    return `${adopted ? 'adopted' : 'opened'} ${runId}`;
  });
}

/** Plans the run that was opened last, and adds its pages to the queues: where need be, as a resume does. */
function plan(scene: Scene, staging: Staging): Promise<string> {
  return withFleet(scene, staging, async (fleet) => {
    const opening = await staging.lastOpening(scene.destination);
    if (!opening) return 'nothing to plan';
    await fleet.queues.addRun(opening.job, fleet.attempts);
    const deps = { source: clientOf(scene), staging, pageBytes: 65_536, createdBy: 'stops', fleet };
    await planRun(opening.job, deps);
    return 'planned';
  });
}

/** Looks for what nobody needs, and takes everything for old enough that was there when it began. */
async function collect({ destination }: Scene, staging: Staging): Promise<string> {
  return `collected ${await collectGarbage(destination, staging, { keepMs: 0, always: true })}`;
}

/** The parts there are in a run, each played by a process. */
export const PARTS = { stage, commit, cancel, start, plan, collect } as const satisfies Record<
  string,
  (scene: Scene, staging: Staging) => Promise<string>
>;

export type Part = keyof typeof PARTS;

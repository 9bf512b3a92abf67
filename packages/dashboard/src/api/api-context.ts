import type { FleetLink } from '@lance-offload/fleet';
import type { Logger } from '@lance-offload/base';
import type { Response } from 'express';
import { fleetCommands, type FleetCommands } from './fleet-commands.ts';
import type { Failures, Overview } from './answers.ts';
import { groupFailures } from './failure-groups.ts';
import { Feed } from './feed.ts';
import { FleetState } from './fleet-state.ts';
import { LakeFiles } from './lake-files.ts';
import { overviewOf } from './overview.ts';
import { RedisWatch } from './redis-watch.ts';
import { Retries } from './retries.ts';
import { Streams } from './streams.ts';

export interface ApiDeps {
  readonly fleet: FleetLink;
  readonly logger: Logger;
  /** What changes do to the fleet; core’s functions by default. */
  readonly commands?: FleetCommands;
  /** Who makes a request, for the log of interventions. */
  readonly actorOf?: (response: Response) => string;
  /** Ends all streams, pollers and retries. */
  readonly signal?: AbortSignal;
  /** Readers of one moment share what was read, for so many milliseconds; 1,000 by default. */
  readonly freshMs?: number;
  /** Streams at a time; 200 by default. */
  readonly maxStreams?: number;
}

/** How often a topic that somebody follows is read. */
export const TICK_MS = 2000;
/** And what is kept ready for whoever comes next. */
const WARM_MS = 15_000;
const FRESH_MS = 1000;

const MOST_STREAMS = 200;

export interface ApiContext {
  readonly fleet: FleetLink;
  readonly logger: Logger;
  readonly commands: FleetCommands;
  readonly actorOf: (response: Response) => string;
  readonly freshMs: number;
  readonly watch: RedisWatch;
  readonly state: FleetState;
  readonly files: LakeFiles;
  readonly retries: Retries;
  readonly streams: Streams;
  readonly overview: Feed<Overview>;
  readonly failures: Feed<Failures>;
}

/** Reads the groups again only where the failures have changed. */
function failuresReader(state: FleetState, retries: Retries, { fleet }: ApiDeps): () => Promise<Failures> {
  let version = -1;
  let groups: Failures['groups'] = [];
  return async () => {
    const { version: present } = state.index;
    if (version !== present) {
      groups = await groupFailures(state.index.find({}), fleet);
      version = present;
    }
    return { atMs: state.nowMs, total: state.index.total, groups, retries: retries.list() };
  };
}

/** Whether two answers differ in nothing but their time. */
export function isSameBut<Value extends { readonly atMs: number }>(before: Value, after: Value): boolean {
  return JSON.stringify({ ...before, atMs: 0 }) === JSON.stringify({ ...after, atMs: 0 });
}

/** What the API's routes share: one watch, one state and one poller of each topic. Ends with `signal`. */
export function createContext(deps: ApiDeps): ApiContext {
  const { fleet, logger, signal } = deps;
  const { freshMs = FRESH_MS, maxStreams = MOST_STREAMS } = deps;
  const commands = deps.commands ?? fleetCommands(fleet);
  const watch = new RedisWatch(fleet.redis);
  const state = new FleetState(fleet, commands, logger);
  watch.onChange(() => state.forget()); // before the feeds hear of it
  const retries = new Retries(commands, state.index, logger);
  const readFailures = failuresReader(state, retries, deps);
  const polled = { intervalMs: TICK_MS, watch, logger };
  const overview = new Feed({
    ...polled,
    warmMs: WARM_MS,
    read: async () => {
      await state.refresh(freshMs);
      return overviewOf(state);
    },
  });
  const failures = new Feed({
    ...polled,
    read: async () => {
      await state.refresh(freshMs);
      return readFailures();
    },
    isSame: isSameBut,
  });
  const streams = new Streams({ watch, maxStreams });
  signal?.addEventListener('abort', () => {
    streams.close();
    retries.stopAll();
    for (const part of [overview, failures, watch]) part.close();
  });
  return {
    fleet,
    logger,
    commands,
    actorOf: deps.actorOf ?? (() => 'local'),
    freshMs,
    watch,
    state,
    files: new LakeFiles(fleet.staging),
    retries,
    streams,
    overview,
    failures,
  };
}

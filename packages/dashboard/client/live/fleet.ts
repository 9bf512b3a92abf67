import type { Overview, OverviewPatch, StreamStatus } from '../../src/api/answers.ts';
import { clockSkew } from '../clock.ts';
import { read } from '../request.ts';
import { createStore } from '../store.ts';
import { applyPatch } from './apply-patch.ts';
import { LiveStream, type Connection } from './stream.ts';

export interface FleetState {
  readonly connection: Connection;
  /** Null until the first status: a server that says nothing has its Redis. */
  readonly status: StreamStatus | null;
  readonly overview: Overview | null;
  /** When the newest data came, by the browser's clock. */
  readonly heardAtMs: number | null;
}

/** What every page knows of the fleet, kept up to date for as long as the dashboard is open. */
export const fleet = createStore<FleetState>({
  connection: 'connecting',
  status: null,
  overview: null,
  heardAtMs: null,
});

function update(change: Partial<FleetState>): void {
  fleet.set({ ...fleet.get(), ...change });
}

function show(overview: Overview): void {
  clockSkew.set(overview.atMs - Date.now());
  const { status } = fleet.get();
  // Nothing but a status comes while Redis is lost: whatever else comes says that it is back.
  update({ overview, heardAtMs: Date.now(), status: status?.redis === 'lost' ? null : status });
}

/** Finds out whether the session has ended, which leads to the login page; any other answer is none of its business. */
export function checkSession(): void {
  read('/api/session').catch(() => undefined);
}

/** Whether what is shown is as it is now. */
export function isFresh({ connection, status }: FleetState): boolean {
  return connection === 'live' && status?.redis !== 'lost';
}

export function followFleet(): LiveStream {
  return new LiveStream('/api/events?topic=overview', {
    on: {
      snapshot: (data) => show(data as Overview),
      patch: (data) => {
        const { overview } = fleet.get();
        if (overview) show(applyPatch(overview, data as OverviewPatch));
      },
      status: (data) => update({ status: data as StreamStatus }),
    },
    onConnection: (connection) => {
      if (connection !== fleet.get().connection) update({ connection });
    },
    onBreak: checkSession,
  });
}

import type { Overview, OverviewPatch, StreamStatus } from '../../src/api/answers.ts';
import { clockSkew } from '../clock.ts';
import { read } from '../request.ts';
import { createStore } from '../store.ts';
import { applyPatch } from './apply-patch.ts';
import { LiveStream, type Connection } from './stream.ts';

export interface FleetState {
  readonly connection: Connection;
  /** The stream of what the screen shows besides; null where it shows nothing of its own. */
  readonly topic: Connection | null;
  /** No data for longer than any comes apart, whatever the connection says. */
  readonly isSilent: boolean;
  /** Null until the first status: a server that says nothing has its Redis. */
  readonly status: StreamStatus | null;
  readonly overview: Overview | null;
  /** When the newest data came, by the browser's clock. */
  readonly heardAtMs: number | null;
}

/** What every screen knows of the fleet, kept up to date for as long as the dashboard is open. */
export const fleet = createStore<FleetState>({
  connection: 'connecting',
  topic: null,
  isSilent: false,
  status: null,
  overview: null,
  heardAtMs: null,
});

/** The overview is sent every two seconds. Without it for this long what is shown is not as it is now. */
const SILENCE_MS = 10_000;
let silence: ReturnType<typeof setTimeout> | undefined;

function awaitData(): void {
  clearTimeout(silence);
  silence = setTimeout(() => update({ isSilent: true }), SILENCE_MS);
}

function update(change: Partial<FleetState>): void {
  fleet.set({ ...fleet.get(), ...change });
}

function show(overview: Overview): void {
  clockSkew.set(overview.atMs - Date.now());
  const { status } = fleet.get();
  awaitData();
  // Nothing but a status comes while Redis is lost: whatever else comes says that it is back.
  update({
    overview,
    heardAtMs: Date.now(),
    isSilent: false,
    status: status?.redis === 'lost' ? null : status,
  });
}

/** Finds out whether the session has ended, which leads to the login; any other answer is none of its business. */
export function checkSession(): void {
  read('/api/session').catch(() => undefined);
}

/** Whether what is shown is as it is now. */
export function isFresh({ connection, topic, isSilent, status }: FleetState): boolean {
  return connection === 'live' && topic !== 'reconnecting' && !isSilent && status?.redis !== 'lost';
}

/** The page has a stream of its own; null: no more. */
export function setTopic(topic: Connection | null): void {
  if (topic !== fleet.get().topic) update({ topic });
}

export function followFleet(): LiveStream {
  awaitData();
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

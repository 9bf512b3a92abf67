import { randomUUID } from 'node:crypto';
import type { FleetLink } from './fleet-link.ts';

type Store = Pick<FleetLink, 'redis' | 'prefix'>;

const keyOf = ({ prefix }: Store): string => `${prefix}:fleet`;

/** Names the queues a run is in: a Redis that was emptied, or another one, has another name. `undefined`: no run was opened here yet. */
export async function readFleetId(fleet: Store): Promise<string | undefined> {
  return (await fleet.redis.get(keyOf(fleet))) ?? undefined;
}

/** The fleet's name, which it gets with its first run. */
export async function fleetId(fleet: Store): Promise<string> {
  await fleet.redis.set(keyOf(fleet), randomUUID(), 'NX');
  return (await readFleetId(fleet)) ?? '';
}

import { hostname, userInfo } from 'node:os';
import { logIntervention, type InterventionOutcome, type FleetLink } from '@lance-offload/fleet';

/** Who is at the command line: `cli:<user>@<host>`. */
export function actorHere(): string {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    user = String(process.getuid?.() ?? '?'); // an id without a name, as in containers
  }
  return `cli:${user}@${hostname()}`;
}

/** Does something to a run or the fleet, and logs who did it and how it ended. */
export async function logged<Result>(
  fleet: FleetLink,
  action: 'retry' | 'cancel' | 'pause' | 'resume' | 'limits',
  target: string,
  act: () => Promise<Result>,
): Promise<Result> {
  let outcome: InterventionOutcome = 'failed';
  try {
    const result = await act();
    outcome = 'done';
    return result;
  } finally {
    const intervention = { actor: actorHere(), action, target, outcome };
    await logIntervention(fleet, intervention).catch(() => undefined); // what was done counts, logged or not
  }
}

import { hostname, userInfo } from 'node:os';
import { recordAction, type ActionOutcome, type Fleet } from '@lance-offload/fleet';

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

/** Does something to a run or the fleet, and keeps on record who did it and how it ended. */
export async function onRecord<Result>(
  fleet: Fleet,
  action: 'retry' | 'cancel' | 'pause' | 'resume' | 'limits',
  target: string,
  act: () => Promise<Result>,
): Promise<Result> {
  let outcome: ActionOutcome = 'failed';
  try {
    const result = await act();
    outcome = 'done';
    return result;
  } finally {
    const record = { actor: actorHere(), action, target, outcome };
    await recordAction(fleet, record).catch(() => undefined); // what was done counts, on record or not
  }
}

import { z } from 'zod';
import type { Fleet } from './fleet.ts';

const KEPT_ACTIONS = 10_000;

/** Longer than any name we give; a text from outside is cut to it, so that the log cannot be used to fill Redis. */
const MOST_CHARACTERS = 300;

const cutText = z.string().transform((text) => text.slice(0, MOST_CHARACTERS));

const actionSchema = z.object({
  /** Who: a user of the dashboard, `local`, or `cli:<user>@<host>`. */
  actor: cutText,
  /** What: `retry`, `cancel`, `login`, or method and route of a change from the board. */
  action: cutText,
  /** What it was done to: a run, a queue, a job; empty where there is none. */
  target: cutText,
  /** `refused`: it may not be done, or not by them; `failed`: it was tried. */
  outcome: z.enum(['done', 'refused', 'failed']),
  atMs: z.number().int(),
});

/** Something a person changed, or tried to. Holds no secret and no row. */
export type Action = z.output<typeof actionSchema>;
export type ActionOutcome = Action['outcome'];
export type NewAction = Omit<Action, 'atMs'> & { readonly atMs?: number };

type Where = Pick<Fleet, 'redis' | 'prefix'>;

const keyOf = (prefix: string): string => `${prefix}:actions`;

/** Keeps an action on record, among the newest 10,000 of the fleet. Texts are cut to 300 characters; `atMs` is now by default. */
export async function recordAction({ redis, prefix }: Where, action: NewAction): Promise<void> {
  const record = actionSchema.parse({ ...action, atMs: action.atMs ?? Date.now() });
  const key = keyOf(prefix);
  await redis
    .multi()
    .lpush(key, JSON.stringify(record))
    .ltrim(key, 0, KEPT_ACTIONS - 1)
    .exec();
}

function parseAction(text: string): Action | undefined {
  try {
    return actionSchema.parse(JSON.parse(text));
  } catch {
    return undefined; // of another release, whose words we do not know
  }
}

/** The newest actions, newest first, at most `limit` of them. */
export async function readActions({ redis, prefix }: Where, limit: number): Promise<Action[]> {
  if (limit < 1) return [];
  const texts = await redis.lrange(keyOf(prefix), 0, limit - 1);
  return texts.flatMap((text) => parseAction(text) ?? []);
}

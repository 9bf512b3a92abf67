import { z } from 'zod';
import type { FleetLink } from './fleet-link.ts';

const KEPT_INTERVENTIONS = 10_000;

/** Longer than any name we give; a text from outside is cut to it, so that the log cannot be used to fill Redis. */
const MOST_CHARACTERS = 300;

const cutText = z.string().transform((text) => text.slice(0, MOST_CHARACTERS));

const interventionSchema = z.object({
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

/** An intervention: what somebody changed, or tried to. Holds no secret and no row. */
export type Intervention = z.output<typeof interventionSchema>;
export type InterventionOutcome = Intervention['outcome'];
export type NewIntervention = Omit<Intervention, 'atMs'> & { readonly atMs?: number };

type Where = Pick<FleetLink, 'redis' | 'prefix'>;

const keyOf = (prefix: string): string => `${prefix}:actions`;

/** Logs an intervention, among the newest 10,000 of the fleet. Texts are cut to 300 characters; `atMs` is now by default. */
export async function logIntervention(
  { redis, prefix }: Where,
  intervention: NewIntervention,
): Promise<void> {
  const entry = interventionSchema.parse({ ...intervention, atMs: intervention.atMs ?? Date.now() });
  const key = keyOf(prefix);
  await redis
    .multi()
    .lpush(key, JSON.stringify(entry))
    .ltrim(key, 0, KEPT_INTERVENTIONS - 1)
    .exec();
}

function parseIntervention(text: string): Intervention | undefined {
  try {
    return interventionSchema.parse(JSON.parse(text));
  } catch {
    return undefined; // of another release, whose words we do not know
  }
}

/** The newest interventions, newest first, at most `limit` of them. */
export async function readInterventions({ redis, prefix }: Where, limit: number): Promise<Intervention[]> {
  if (limit < 1) return [];
  const texts = await redis.lrange(keyOf(prefix), 0, limit - 1);
  return texts.flatMap((text) => parseIntervention(text) ?? []);
}

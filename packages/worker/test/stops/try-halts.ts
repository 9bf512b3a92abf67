import { toOffloadError } from '@lance-offload/base';
import { readLog } from '@lance-offload/delta';
import type { RunReport, Staging } from '@lance-offload/core';
import { entryOfRun } from '../../../core/src/commit/commit-actions.ts';
import type { Halt } from './halting-store.ts';
import type { KeptLake } from './kept-lake.ts';
import { PARTS, type Part, type Scene } from './parts.ts';
import type { Player } from './player.ts';
import { changedSince, seenBytes, seenRows, type SeenBytes } from './seen-lake.ts';
import type { Rows } from './under-way.ts';

/** A part that is halted, and what happens then. */
export interface Trial {
  readonly part: Part;
  readonly lake: KeptLake;
  readonly rows: Rows;
  /** A scene of its own for each halt: the queues of one are not those of another. */
  readonly scene: () => Scene;
  readonly signal: Halt['signal'];
  /** What others do while the part stands still before an operation, and after it: each gap between two sees both. */
  readonly meanwhile: { readonly before: readonly Part[]; readonly after: readonly Part[] };
  /** When it stands still: before each operation and after it, where nothing else is said. */
  readonly moments?: readonly Halt['when'][];
  /** What is done once the part is over, to end the run. */
  readonly finally: readonly Part[];
  /** What becomes of the part itself once it goes on. */
  readonly says: RegExp;
  /** How the run may end. */
  readonly ends: readonly RunReport['state'][];
}

export interface Findings {
  /** The part's operations, undisturbed. */
  readonly operations: readonly string[];
  readonly halts: number;
  /** What was not as it must be, in words. */
  readonly problems: readonly string[];
}

/** Plays parts in this process. One that finds nothing to do says so by an error. */
async function play(parts: readonly Part[], scene: Scene, staging: Staging): Promise<string[]> {
  const results: string[] = [];
  for (const part of parts) {
    const played = PARTS[part](await withRun(scene, staging), staging);
    results.push(await played.catch((thrown: unknown) => toOffloadError(thrown).message));
  }
  return results;
}

/** The scene's run: that which was opened last, where the scene does not say. */
async function withRun(scene: Scene, staging: Staging): Promise<Scene> {
  if (scene.runId !== '') return scene;
  return { ...scene, runId: (await staging.lastOpening(scene.destination))?.runId ?? '' };
}

/** What a part may do once it is awake. */
interface Allowed {
  readonly publish: boolean;
  /** Claims it may remove. */
  readonly removes?: (key: string) => boolean;
}

/** Bytes that were published, or decided, and are not what they were. */
function touched(before: SeenBytes, after: SeenBytes, allowed: Allowed): string[] {
  const collected = (key: string) => !(key in after.claims) && allowed.removes?.(key);
  const changed = [
    ...changedSince(before.published, after.published),
    ...changedSince(before.claims, after.claims).filter((key) => collected(key) !== true),
  ];
  const added = allowed.publish
    ? []
    : Object.keys(after.published).filter((key) => !(key in before.published));
  return [
    ...changed.map((key) => `${key} is not what it was`),
    ...added.map((key) => `${key} is published now`),
  ];
}

/**
 * A commit may publish a run that has not ended; housekeeping may take receipts of runs that have, and the openings of those
 * before the last one, which is named so that it comes first.
 */
function allowedTo(
  { part, signal }: Trial,
  { runId }: Scene,
  { end, claims }: { readonly end: string | undefined; readonly claims: SeenBytes['claims'] },
): Allowed {
  if (part === 'collect') {
    const [last] = Object.keys(claims)
      .filter((key) => key.includes('/openings/'))
      .toSorted();
    const removes = (key: string) =>
      (key.includes('/receipts/') && (end !== undefined || !key.includes(runId))) ||
      (key.includes('/openings/') && key !== last);
    return { publish: false, removes };
  }
  return { publish: end === undefined && part === 'commit' && signal === 'SIGSTOP' };
}

/** How many entries of the log publish a run. */
async function entriesOf({ destination, runId }: Scene, staging: Staging): Promise<number> {
  const log = await readLog(staging.table(destination));
  return log.filter((entry) => entryOfRun(entry, runId)?.cancelled === false).length;
}

/** How the run has ended, and what readers find: what is wrong about that. */
async function wrongEnd({ rows, ends }: Trial, scene: Scene, staging: Staging): Promise<string[]> {
  const state = await staging.endOf(scene);
  if (state === undefined || !ends.includes(state)) return [`the run has ended as ${state}`];
  const isPublished = state === 'published';
  const isVerified = (await staging.findReport(scene))?.verified;
  const entries = await entriesOf(scene, staging);
  const wanted = isPublished ? rows.published : rows.without;
  const { log, database } = await seenRows(staging, scene.destination);
  return [
    ...(isPublished && !isVerified ? ['the run is not verified'] : []),
    ...(entries === (isPublished ? 1 : 0) ? [] : [`the run is ${state}, with ${entries} entries in the log`]),
    ...(log === wanted ? [] : [`the run is ${state}, and its readers find\n${log}\ninstead of\n${wanted}`]),
    ...(database === log ? [] : [`lake.duckdb has\n${database}\ninstead of\n${log}`]),
  ];
}

/** Runs that were opened while another one was open. */
async function openedTwice(
  results: readonly string[],
  { destination }: Scene,
  staging: Staging,
): Promise<string[]> {
  const opened = results.flatMap((result) => (result.startsWith('opened ') ? [result.slice(7)] : []));
  const last = (await staging.lastOpening(destination))?.runId;
  const lost: string[] = [];
  for (const runId of opened)
    if (runId !== last && !(await staging.hasEnded({ destination, runId })))
      lost.push(`run ${runId} was opened, and ${last} was too`);
  return lost;
}

/** Halts the part at one operation, has others played, wakes it, and looks what has become of the lake. */
async function tryHalt(trial: Trial, halt: Halt, player: Player): Promise<string[]> {
  const { lake, part } = trial;
  const staging = await lake.reset();
  const played = trial.scene();
  const { outcome, stopped, wake } = player.begin({ part, scene: played, lake: lake.place, halt });
  if (!(await stopped()) && halt.signal === 'SIGSTOP') return [`was not reached: ${(await outcome).result}`];
  const others = await play(
    trial.meanwhile[halt.when],
    { ...played, prefix: `${played.prefix}-other` },
    staging,
  );
  const scene = await withRun(played, staging);
  const before = await seenBytes(staging, scene.destination);
  const end = await staging.endOf(scene);
  wake();
  const { result } = await outcome;
  const after = await seenBytes(staging, scene.destination);
  const problems = touched(before, after, allowedTo(trial, scene, { end, claims: before.claims }));
  problems.push(...(await openedTwice([...others, result], scene, staging)));
  if (halt.signal === 'SIGSTOP' && !trial.says.test(result)) problems.push('the part ends otherwise');
  await play(trial.finally, played, staging);
  const last = await withRun(played, staging);
  const ended = await staging.endOf(scene);
  if (end !== undefined && ended !== end) problems.push(`the run was ${end}, and is ${ended}`);
  problems.push(...(await wrongEnd(trial, last, staging)));
  return problems.map((problem) => `${problem} (meanwhile: ${others.join(', ')}; then: ${result})`);
}

const WHEN = ['before', 'after'] as const;

/**
 * Halts a part before and after each of the operations its store is asked for, one after the other. One that is killed
 * after an operation leaves just what one does that is killed before the next.
 */
export async function tryHalts(trial: Trial, player: Player): Promise<Findings> {
  const { part, lake, signal, moments = WHEN } = trial;
  await lake.reset();
  const undisturbed = player.begin({ part, scene: trial.scene(), lake: lake.place });
  const { operations } = await undisturbed.outcome;
  const problems: string[] = [];
  let halts = 0;
  for (const [index, name] of operations.entries())
    for (const when of signal === 'SIGSTOP' ? moments : (['after'] as const)) {
      const found = await tryHalt(trial, { operation: index + 1, when, signal }, player).catch(
        (thrown: unknown) => [toOffloadError(thrown).message],
      );
      halts += 1;
      problems.push(...found.map((problem) => `${when} ${index + 1} (${name}): ${problem}`));
    }
  return { operations, halts, problems };
}

import { z } from 'zod';
import { SELECTION_KEY, type Snapshot } from '@lance-offload/delta';
import { selectionOf, type RunPlan } from '../plan/run-plan.ts';
import { tableIdentitySchema, type TableIdentity } from '../plan/table-identity.ts';

/** Keys of `metaData.configuration`: what the lake holds of the source. They move in the same commit as the data. */
const KEYS = {
  sourceVersion: 'lanceOffload.sourceVersion',
  ingestionType: 'lanceOffload.ingestionType',
  primaryKeys: 'lanceOffload.primaryKeys',
  sequenceBy: 'lanceOffload.sequenceBy',
  cursorField: 'lanceOffload.cursorField',
  cursor: 'lanceOffload.cursor',
  changeTracking: 'lanceOffload.changeTracking',
  /** The run whose commit this state is of. */
  runId: 'lanceOffload.runId',
  /** What tells the source's table from another one of its name. */
  identity: 'lanceOffload.sourceIdentity',
  incarnation: 'lanceOffload.sourceIncarnation',
  versionOffset: 'lanceOffload.versionOffset',
  /** Written in place of `identity` by releases up to 2026-11-25, under `changeTracking`. */
  sourceVersionAt: 'lanceOffload.sourceVersionAt',
  /** The last source version in which keys that are gone were looked for. */
  deletesVersion: 'lanceOffload.deletesVersion',
  /** The source was seen to answer in no fixed order: offsets mean nothing there. */
  unordered: 'lanceOffload.unordered',
} as const;

const selectionSchema = z.object({
  source: z.string(),
  table: z.string(),
  filter: z.string().nullable(),
  offset: z.number(),
});

/** What a lake table says of itself. A table of format 1 was written APPEND_ONLY and has no cursor. */
export interface TableState {
  readonly sourceVersion: number | undefined;
  readonly ingestionType: string;
  readonly primaryKeys: readonly string[];
  readonly sequenceBy: string | null;
  readonly cursorField: string | undefined;
  readonly cursor: string | undefined;
  /** How the last commit's run told changed rows without a cursor. */
  readonly changeTracking: string | undefined;
  /** The run of the last commit; `undefined` in a lake of a release that did not say. */
  readonly runId: string | undefined;
  /** What tells the table from another one of its name; `undefined` in a lake of a release that did not ask. */
  readonly identity: TableIdentity | undefined;
  /** How often the table was made anew at the source. */
  readonly incarnation: number;
  /** What is added to the source version where that is the sequence. */
  readonly versionOffset: number;
  readonly deletesVersion: number | undefined;
  /** Whether the source was seen to answer in no fixed order. */
  readonly unordered: boolean;
  /** As `selectionOf` wrote it. */
  readonly selection: string | undefined;
}

const stringList = z.array(z.string());

function optionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function identityOf(state: Readonly<Record<string, string>>): TableIdentity | undefined {
  const text = state[KEYS.identity];
  if (text !== undefined) return tableIdentitySchema.parse(JSON.parse(text));
  const at = state[KEYS.sourceVersionAt];
  return at === undefined ? undefined : { version: Number(state[KEYS.sourceVersion]), at };
}

/** The state a table's last commit left, or `undefined` where there is no table, or one that is not ours. */
export function tableState(snapshot: Pick<Snapshot, 'metaData'> | undefined): TableState | undefined {
  const state = snapshot?.metaData.configuration;
  if (!state || state[KEYS.sourceVersion] === undefined) return undefined;
  return {
    sourceVersion: optionalNumber(state[KEYS.sourceVersion]),
    ingestionType: state[KEYS.ingestionType] ?? 'APPEND_ONLY',
    primaryKeys: stringList.parse(JSON.parse(state[KEYS.primaryKeys] ?? '[]')),
    sequenceBy: state[KEYS.sequenceBy] ?? null,
    cursorField: state[KEYS.cursorField],
    cursor: state[KEYS.cursor],
    changeTracking: state[KEYS.changeTracking],
    runId: state[KEYS.runId],
    identity: identityOf(state),
    incarnation: Number(state[KEYS.incarnation] ?? 0),
    versionOffset: Number(state[KEYS.versionOffset] ?? 0),
    deletesVersion: optionalNumber(state[KEYS.deletesVersion]),
    unordered: state[KEYS.unordered] === 'true',
    selection: state[SELECTION_KEY],
  };
}

/**
 * The table's configuration after a run: what was there, without the state of the run before, and the state of this one.
 *
 * @param after the greatest cursor the lake holds after the run, and whether its pages had lacked rows.
 */
export function configurationAfter(
  plan: RunPlan,
  before: Readonly<Record<string, string>>,
  { cursor, repaired }: { readonly cursor: string | undefined; readonly repaired: boolean },
): Record<string, string> {
  const ours = new Set<string>(Object.values(KEYS));
  const kept = Object.entries(before).filter(([key]) => !ours.has(key));
  const lookedBefore = plan.madeAnew ? undefined : before[KEYS.deletesVersion];
  const deletesVersion = plan.deletes === 'none' ? lookedBefore : String(plan.sourceVersion);
  return {
    ...Object.fromEntries(kept),
    [SELECTION_KEY]: selectionOf(plan),
    [KEYS.sourceVersion]: String(plan.sourceVersion),
    [KEYS.ingestionType]: plan.ingestionType,
    ...(plan.primaryKeys.length > 0 && { [KEYS.primaryKeys]: JSON.stringify(plan.primaryKeys) }),
    ...(plan.sequenceBy !== null && { [KEYS.sequenceBy]: plan.sequenceBy }),
    ...(plan.cursorField !== undefined && { [KEYS.cursorField]: plan.cursorField }),
    ...(plan.cursorField !== undefined && cursor !== undefined && { [KEYS.cursor]: cursor }),
    ...(plan.changeTracking !== undefined && { [KEYS.changeTracking]: plan.changeTracking }),
    [KEYS.runId]: plan.runId,
    ...(plan.identity && { [KEYS.identity]: JSON.stringify(plan.identity) }),
    ...(plan.incarnation > 0 && { [KEYS.incarnation]: String(plan.incarnation) }),
    ...(plan.versionOffset > 0 && { [KEYS.versionOffset]: String(plan.versionOffset) }),
    ...(deletesVersion !== undefined && { [KEYS.deletesVersion]: deletesVersion }),
    ...((repaired || before[KEYS.unordered] === 'true') && { [KEYS.unordered]: 'true' }),
  };
}

/** Whether two selections take the same rows, whatever their columns. */
export function sameRows(a: string | undefined, b: string): boolean {
  if (a === undefined) return false;
  const [one, other] = [a, b].map((text) => JSON.stringify(selectionSchema.parse(JSON.parse(text))));
  return one === other;
}

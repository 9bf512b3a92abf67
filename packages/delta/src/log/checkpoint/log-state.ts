import type {
  Action,
  Add,
  DomainMetadata,
  MetaData,
  Protocol,
  Remove,
  Transaction,
} from '../delta-actions.ts';

/** The actions of one version of a table. */
export interface LogEntry {
  readonly version: number;
  readonly actions: readonly Action[];
  /** They are a checkpoint's: all that the versions up to this one have left, in place of their entries, which are gone. */
  readonly isCheckpoint?: boolean;
}

/** What is left of all actions up to a version (PROTOCOL.md, "Action Reconciliation"). */
export interface LogState {
  readonly version: number;
  readonly protocol: Protocol | undefined;
  readonly metaData: MetaData | undefined;
  /** The live files, by their paths. */
  readonly files: ReadonlyMap<string, Add>;
  /** Files that were removed, by path and deletion vector; the vacuum of any writer keeps them until they expire. */
  readonly tombstones: ReadonlyMap<string, Remove>;
  /** The last version of each application's transactions, by its id. */
  readonly transactions: ReadonlyMap<string, Transaction>;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
}

/** A table before its first version. */
export const NO_STATE: LogState = {
  version: -1,
  protocol: undefined,
  metaData: undefined,
  files: new Map(),
  tombstones: new Map(),
  transactions: new Map(),
  domains: new Map(),
};

/** What makes two references to a data file one: its path and its deletion vector (PROTOCOL.md, "Derived Fields": uniqueId). */
function logicalFile({ path: file, deletionVector: vector }: Pick<Add, 'path' | 'deletionVector'>): string {
  const deleted = vector && [vector.storageType, vector.pathOrInlineDv, vector.offset ?? null];
  return JSON.stringify([file, deleted ?? null]);
}

interface Draft {
  protocol: Protocol | undefined;
  metaData: MetaData | undefined;
  readonly files: Map<string, Add>;
  readonly tombstones: Map<string, Remove>;
  readonly transactions: Map<string, Transaction>;
  readonly domains: Map<string, DomainMetadata>;
}

/**
 * The order of a commit's actions says nothing: a file it removes and adds with another deletion vector stays, in its
 * place; a removal counts only for the vector it names.
 */
function applyFiles({ files, tombstones }: Draft, actions: readonly Action[]): void {
  const kept = new Set<string>();
  for (const { add } of actions) {
    if (!add) continue;
    const key = logicalFile(add);
    // Whether its rows were new is the commit's to say, not the table's.
    files.set(add.path, { ...add, dataChange: false });
    tombstones.delete(key);
    kept.add(key);
  }
  for (const { remove } of actions) {
    if (!remove) continue;
    const key = logicalFile(remove);
    if (kept.has(key)) continue;
    const live = files.get(remove.path);
    if (live && logicalFile(live) === key) files.delete(remove.path);
    tombstones.set(key, { ...remove, dataChange: false });
  }
}

function apply(draft: Draft, actions: readonly Action[]): void {
  for (const { protocol, metaData, txn, domainMetadata } of actions) {
    draft.protocol = protocol ?? draft.protocol;
    draft.metaData = metaData ?? draft.metaData;
    if (txn) draft.transactions.set(txn.appId, txn);
    if (domainMetadata?.removed) draft.domains.delete(domainMetadata.domain);
    else if (domainMetadata) draft.domains.set(domainMetadata.domain, domainMetadata);
  }
  applyFiles(draft, actions);
}

/** The state some entries later. The state that is given stays as it is. */
export function advance(state: LogState, entries: readonly LogEntry[]): LogState {
  const last = entries.at(-1);
  if (!last) return state;
  const draft: Draft = {
    protocol: state.protocol,
    metaData: state.metaData,
    files: new Map(state.files),
    tombstones: new Map(state.tombstones),
    transactions: new Map(state.transactions),
    domains: new Map(state.domains),
  };
  for (const { actions } of entries) apply(draft, actions);
  return { ...draft, version: last.version };
}

/** A state as the actions it is made of: what a checkpoint holds (PROTOCOL.md, "Checkpoints"). */
export function actionsOf(state: LogState): Action[] {
  return [
    ...(state.protocol ? [{ protocol: state.protocol }] : []),
    ...(state.metaData ? [{ metaData: state.metaData }] : []),
    ...[...state.transactions.values()].map((txn) => ({ txn })),
    ...[...state.domains.values()].map((domainMetadata) => ({ domainMetadata })),
    ...[...state.tombstones.values()].map((remove) => ({ remove })),
    ...[...state.files.values()].map((add) => ({ add })),
  ];
}

/** How much there is of a state. */
export function sizeOf({ files, tombstones, transactions, domains }: LogState): number {
  return files.size + tombstones.size + transactions.size + domains.size;
}

import type { Store, StoredObject } from '../../store/store.ts';

/** The folder of a table's log. */
export const LOG = '_delta_log/';

const padded = (version: number): string => String(version).padStart(20, '0');

/** The key of a version's entry (PROTOCOL.md, "Delta Log Entries"). */
export const entryKey = (version: number): string => `${LOG}${padded(version)}.json`;

/** The key of a version's classic checkpoint (PROTOCOL.md, "Classic checkpoint"). */
export const checkpointKey = (version: number): string => `${LOG}${padded(version)}.checkpoint.parquet`;

/** The files of one checkpoint, all of them. */
export interface CheckpointFiles {
  readonly version: number;
  /** One, or the parts of a multi-part checkpoint in their order. */
  readonly keys: readonly string[];
}

/** What a listing of a log shows, in the order of versions. */
export interface LogFiles {
  readonly entries: ReadonlyMap<number, StoredObject>;
  readonly checkpoints: readonly CheckpointFiles[];
}

const ENTRY = /^_delta_log\/(\d{20})\.json$/;
const SINGLE = /^_delta_log\/(\d{20})\.checkpoint(?:\.[\w-]+\.(?:json|parquet)|\.parquet)$/;
const PART = /^_delta_log\/(\d{20})\.checkpoint\.(\d{10})\.(\d{10})\.parquet$/;

/** Parts by the checkpoint that they are of: a version, and how many there are. */
type Parts = Map<string, Map<number, string>>;

/** "Readers must ignore multi-part checkpoints with missing parts" (PROTOCOL.md, "Checkpoints"). */
function wholeOnes(parts: Parts): CheckpointFiles[] {
  return [...parts].flatMap(([name, keys]) => {
    const [version, count] = name.split('/').map(Number);
    const inOrder = Array.from({ length: count ?? 0 }, (_, index) => keys.get(index + 1) ?? '');
    return inOrder.includes('') ? [] : [{ version: version ?? 0, keys: inOrder }];
  });
}

/**
 * Lists the files of a table's log (PROTOCOL.md, "Checkpoint Naming Scheme"). Others are passed over: temporary ones, checksums,
 * compacted entries, which say nothing that the entries do not.
 *
 * @param from the version to begin with; keys sort by version.
 */
export async function listLog(table: Store, from = 0): Promise<LogFiles> {
  const entries = new Map<number, StoredObject>();
  const single: CheckpointFiles[] = [];
  const parts: Parts = new Map();
  for await (const object of table.list(LOG, { startAfter: `${LOG}${padded(from)}` })) {
    const { key } = object;
    if (key.startsWith(`${LOG}_`)) break; // sidecars and hints: behind all versions
    const entry = ENTRY.exec(key)?.[1];
    if (entry !== undefined) entries.set(Number(entry), object);
    const part = PART.exec(key);
    const whole = part ? undefined : SINGLE.exec(key)?.[1];
    if (whole !== undefined) single.push({ version: Number(whole), keys: [key] });
    if (part) {
      const of = `${Number(part[1])}/${Number(part[3])}`;
      parts.set(of, (parts.get(of) ?? new Map<number, string>()).set(Number(part[2]), key));
    }
  }
  const checkpoints = [...single, ...wholeOnes(parts)].toSorted((a, b) => a.version - b.version);
  return { entries, checkpoints };
}

import { showLanceType, type LanceClient, type LanceField } from '@lance-offload/lancedb';
import { toOffloadError, type OffloadError } from '@lance-offload/base';
import { mapConcurrently } from '../map-concurrently.ts';

/** Tables that are looked at together: each takes one connection, which the next one uses again. */
const AT_ONCE = 8;

interface VectorColumn {
  readonly column: string;
  readonly type: string;
  readonly dimensions: number;
}

interface TableIndex {
  readonly name: string;
  /** `null` where the server does not say. */
  readonly type: string | null;
  readonly columns: readonly string[];
}

/** A table of the project, as `tables` shows it. */
export interface SurveyedTable {
  readonly name: string;
  readonly version: number;
  readonly rows: number;
  /** `null` where the server does not tell. */
  readonly bytes: number | null;
  readonly columns: number;
  readonly vectors: readonly VectorColumn[];
  /** `null` where the server does not tell. */
  readonly indexes: readonly TableIndex[] | null;
}

/** A table that could not be looked at, and why. */
export interface UnreadTable {
  readonly name: string;
  readonly error: OffloadError;
}

/** Vectors are lists of one length; a multivector column holds lists of them. */
function vectorOf({ name, type }: LanceField): VectorColumn[] {
  const [item] = type.fields ?? [];
  const inner = type.type === 'list' && item ? item.type : type;
  if (inner.type !== 'fixed_size_list' || inner.length === undefined) return [];
  return [{ column: name, type: showLanceType(type), dimensions: inner.length }];
}

async function surveyTable(name: string, source: LanceClient): Promise<SurveyedTable> {
  const { version, fields } = await source.describe(name);
  const rows = await source.countRows(name, version);
  const stats = await source.stats(name);
  const indexes = await source.listIndexes(name, version);
  return {
    name,
    version,
    rows,
    bytes: stats?.total_bytes ?? null,
    columns: fields.length,
    vectors: fields.flatMap(vectorOf),
    indexes:
      indexes?.map((index) => ({
        name: index.index_name,
        type: index.index_type ?? null,
        columns: index.columns,
      })) ?? null,
  };
}

/** Looks at tables, a few at a time. One that fails is told of in its place, and hides no other. */
export function surveyTables(
  names: readonly string[],
  source: LanceClient,
): Promise<(SurveyedTable | UnreadTable)[]> {
  return mapConcurrently(names, AT_ONCE, async (name) => {
    try {
      return await surveyTable(name, source);
    } catch (thrown) {
      return { name, error: toOffloadError(thrown) };
    }
  });
}

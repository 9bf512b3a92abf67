import type { OnCommitStep } from '../../src/commit/publish-run.ts';
import { NO_OUTCOMES, type RowOutcomes, type RunReport } from '../../src/commit/report.ts';
import type { Staging } from '../../src/stage/staging.ts';
import { tableState, type TableState } from '../../src/lake/table-state.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import type { Columns } from '../../../lancedb/test/arrow-bodies.ts';
import {
  fieldsOf,
  lakeQuery,
  nextPlan,
  offloadTable,
  pagesOf,
  snapshotOf,
  type StageOptions,
} from './typed-table.ts';

export { lakeQuery } from './typed-table.ts';

/** A row of the tables these tests merge: a key, a sequence, some content. */
export interface Person {
  readonly id: number;
  readonly seq: number | null;
  readonly name: string | null;
}

export const PEOPLE = { id: 'int64', seq: 'int64', name: 'string' };

/** `[id, seq, name]`, for short. */
export function person(id: number, seq: number | null, name: string | null): Person {
  return { id, seq, name };
}

/** The pages of a run over these rows. */
export function peopleColumns(people: readonly Person[]): (offset: number, count: number) => Columns {
  return pagesOf(
    PEOPLE,
    people.map((row) => ({ ...row })),
  );
}

const RULES = { ingestionType: 'SCD_TYPE_1', primaryKeys: ['id'], sequenceBy: 'seq' } as const;

/** The plan of a run over `people`, a run of its own. */
export function peoplePlan(people: readonly unknown[], changes: Partial<RunPlan>): RunPlan {
  return nextPlan(people.length, { ...RULES, primaryKeys: ['id'], columns: fieldsOf(PEOPLE), ...changes });
}

/** Stages a run and commits it. */
export async function offload(
  staging: Staging,
  people: readonly Person[],
  changes: Partial<RunPlan> = {},
  options: StageOptions & { readonly onStep?: OnCommitStep } = {},
): Promise<RunReport> {
  const rows = people.map((row) => ({ ...row }));
  return offloadTable(
    staging,
    { types: PEOPLE, rows },
    { ...RULES, primaryKeys: ['id'], ...changes },
    options,
  );
}

/** The outcomes of a run: these, and 0 of every other. */
export function outcomes(some: Partial<RowOutcomes>): RowOutcomes {
  return { ...NO_OUTCOMES, ...some };
}

/** id, seq, name of what a reader sees, ordered. */
export function current(staging: Staging): Promise<unknown[][]> {
  return lakeQuery(staging, 'SELECT id, seq, name FROM documents ORDER BY ALL');
}

/** id, name, start and end of every version, ordered. */
export function history(staging: Staging): Promise<unknown[][]> {
  return lakeQuery(
    staging,
    'SELECT id, name, __START_AT, __END_AT FROM documents ORDER BY id, __START_AT NULLS FIRST, __END_AT',
  );
}

/** What the lake table says of itself. */
export async function stateOf(staging: Staging): Promise<TableState | undefined> {
  return tableState(await snapshotOf(staging));
}

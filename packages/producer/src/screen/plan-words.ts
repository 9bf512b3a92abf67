import { pageCount, type PlannedRun } from '@lance-offload/core';
import type { OffloadError } from '@lance-offload/base';
import { formatBytes, formatCount, formatTable } from './format.ts';

/** The plan as a document: without the run id, which a dry run does not use up. */
export function planDocument({ plan, schemaChanges }: PlannedRun) {
  const { runId: _run, formatVersion: _format, createdBy: _creator, startedAtMs: _start, ...rest } = plan;
  return {
    ...rest,
    pages: pageCount(plan),
    columns: plan.columns.map(({ name }) => name),
    schemaChanges,
  };
}
type PlanDocument = ReturnType<typeof planDocument>;

/** What a run would do beside reading its rows, in words. */
function planNotes(plan: PlanDocument): string[] {
  const { table, cursorField, cursorFrom, changedSince, deletes, sweepRows } = plan;
  const notes = [
    ...(plan.unchanged
      ? [`the lake holds version ${plan.sourceVersion} already; a run would do nothing`]
      : [
          ...(cursorFrom === undefined ? [] : [`incremental: reads "${cursorField}" from ${cursorFrom} on`]),
          ...(changedSince === undefined
            ? []
            : [`incremental: reads the rows that changed after version ${changedSince}`]),
          ...(deletes === 'snapshot'
            ? ['a complete snapshot: keys that are gone are deleted in the lake, or closed']
            : []),
          ...(deletes === 'sweep'
            ? [`reads the keys of all ${formatCount(sweepRows)} rows to find those that are gone`]
            : []),
        ]),
    ...plan.droppedColumns.map(({ name, reason }) => `column "${name}" left out: ${reason}`),
    ...plan.notes,
  ];
  return notes.map((note) => `${table}: ${note}`);
}

/** A table that cannot be planned, and why. */
export interface Refused {
  readonly table: string;
  readonly error: OffloadError;
}

export interface Planned {
  readonly plan: PlanDocument;
}

/** The answer of `plan`: a line per table, and below it what else a run would do, and the tables that cannot be planned. */
export function planText(planned: readonly (Planned | Refused)[]): string {
  const plans = planned.flatMap((one) => ('plan' in one ? one.plan : []));
  const rows = plans.map((plan) => [
    plan.table,
    plan.ingestionType,
    String(plan.sourceVersion),
    (plan.search ? '≤ ' : '') + formatCount(plan.sourceRows),
    formatCount(plan.pages),
    formatCount(plan.rowsPerPage),
    formatBytes(plan.estimatedBytes),
  ]);
  const head = ['table', 'mode', 'version', 'rows', 'pages', 'rows/page', '≈ bytes'];
  const errors = planned.flatMap((one) =>
    'error' in one ? [`${one.table}: ${one.error.words}`, `  ${one.error.hint}`] : [],
  );
  return [formatTable(head, rows), ...plans.flatMap(planNotes), ...errors].join('\n');
}

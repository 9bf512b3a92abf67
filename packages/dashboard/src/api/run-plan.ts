import { isSchemaChangeNote, type RunPlan, type RunReport } from '@lance-offload/core';
import { showLanceType } from '@lance-offload/lancedb';
import type { PlanAnswer, ReportAnswer } from './run-answers.ts';

/** What is shown of a plan. */
export function planAnswer(plan: RunPlan): PlanAnswer {
  return {
    source: plan.source,
    rowsPerPage: plan.rowsPerPage,
    pageBytes: plan.pageBytes,
    estimatedBytes: plan.estimatedBytes,
    paging: plan.paging,
    filter: plan.filter ?? null,
    search: plan.search !== undefined,
    cursorField: plan.cursorField ?? null,
    changeTracking: plan.changeTracking ?? null,
    primaryKeys: plan.primaryKeys,
    sequenceBy: plan.sequenceBy,
    deletes: plan.deletes,
    sweepRows: plan.sweepRows,
    columns: plan.columns.map((column) => ({ name: column.name, type: showLanceType(column.type) })),
    droppedColumns: plan.droppedColumns,
    widened: plan.writeTypes.map(({ column }) => column),
    notes: plan.notes,
  };
}

/** What is shown of a report. */
export function reportAnswer(report: RunReport): ReportAnswer {
  return {
    sourceRows: report.sourceRows,
    lakeRows: report.lakeRows,
    distinctRowIds: report.distinctRowIds,
    verified: report.verified,
    missing: report.missing,
    repeated: report.repeated,
    requests: report.requests,
    sourceBytes: report.sourceBytes,
    lakeBytes: report.lakeBytes,
    rows: report.rows,
    notes: report.notes.filter((note) => !isSchemaChangeNote(note)),
    schemaChanges: report.notes.filter(isSchemaChangeNote),
  };
}

/** The row id the source reports for each row, unique within one version only. */
export const ROW_ID = '_rowid';

export { FAULTS, type Finding, type FindingKind, type Found, type TableVerdict } from './verdict.ts';
export { verifyTable, type VerifyProgress } from './verify-table.ts';

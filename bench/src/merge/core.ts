// What the merge bench takes from the product's packages, as they are built: bench is not linked to them.
export {
  commitRun,
  dataFilePath,
  planPages,
  openLake,
  type Staging,
  transformOf,
  type CommitStep,
  type Page,
  type RunPlan,
  type RunReport,
} from '../../../packages/core/dist/index.js';
export { transformPage } from '../../../packages/core/dist/transform.js';
export { FORMAT_VERSION, readSnapshot, withDuckDB } from '../../../packages/delta/dist/index.js';

// What the merge bench takes from core, as it is built: bench is not linked to that package.
export {
  commitRun,
  dataFilePath,
  FORMAT_VERSION,
  planPages,
  readSnapshot,
  openLake,
  type Staging,
  transformOf,
  withDuckDB,
  type CommitStep,
  type Page,
  type RunPlan,
  type RunReport,
} from '../../../packages/core/dist/index.js';
export { transformPage } from '../../../packages/core/dist/transform.js';

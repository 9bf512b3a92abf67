export { createRepair } from './repair-run.ts';
export { stagePage, type PageDeps, type Transform } from './stage-page.ts';
export { TransformPool } from './transform-pool.ts';

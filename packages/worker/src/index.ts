export { fetchPage, RequestSizes, type FetchedPart } from './fetch-page.ts';
export { stagePage, type PageDeps, type Transform } from './stage-page.ts';
export { TransformPool } from './transform-pool.ts';

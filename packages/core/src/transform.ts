// What the threads of a worker load: the page's CPU work, and none of the rest of core.
export { transformPage, type TransformedPage, type TransformTask } from './stage/transform-page.ts';

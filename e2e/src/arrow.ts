import { createRequire } from 'node:module';

/** Apache Arrow as LanceDB loads it: an `import` here would load the other build, whose classes LanceDB does not know. */
export const arrow: typeof import('apache-arrow') = createRequire(import.meta.url)('apache-arrow');

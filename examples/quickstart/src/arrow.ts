import { createRequire } from 'node:module';

/**
 * Apache Arrow as LanceDB loads it. `@lancedb/lancedb` is CommonJS and so gets Arrow's CommonJS build; an `import` here would
 * load the other build, with classes of its own. LanceDB converts such tables when they are written, but that build's
 * `tableToIPC` makes 0 bytes, without an error, of a table that LanceDB gave. So everything here takes Arrow from this module.
 */
export const arrow: typeof import('apache-arrow') = createRequire(import.meta.url)('apache-arrow');

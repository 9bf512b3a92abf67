import { LakePaths } from '../src/lake/paths.ts';
import type { Staging } from '../src/stage/staging.ts';

/** Where everything of a lake is on this machine, for tests that look behind the store. */
export const pathsOf = ({ store }: Staging): LakePaths => new LakePaths(store.locate(''));

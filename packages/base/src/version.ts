import { readFileSync } from 'node:fs';
import { z } from 'zod';

const packageJson = z.object({ version: z.string() });

/** Version of the product: all its packages carry the same. */
export const VERSION: string = packageJson.parse(
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')),
).version;

/** How the product names itself to the source, in plans and in the Delta log. */
export const PRODUCT = `lance-offload/${VERSION}`;

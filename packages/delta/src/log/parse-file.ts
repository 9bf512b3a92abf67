import type { z } from 'zod';
import { OffloadError } from '@lance-offload/base';
import { FORMAT_VERSION } from './format.ts';

/**
 * A JSON file of ours, parsed. A later format is refused rather than misread.
 *
 * @throws OffloadError `LAKE_TOO_NEW`, or `LAKE_UNAVAILABLE` where it is damaged.
 */
export function parseFile<T extends z.ZodType>(schema: T, file: string, text: string): z.output<T> {
  let problem = 'not JSON';
  try {
    const json: unknown = JSON.parse(text);
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const version =
      typeof json === 'object' && json !== null && 'formatVersion' in json
        ? Number(json.formatVersion)
        : undefined;
    if (version !== undefined && version > FORMAT_VERSION) {
      throw new OffloadError('LAKE_TOO_NEW', `${file} was written by a newer version (format ${version})`, {
        path: file,
      });
    }
    problem = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new OffloadError(
    'LAKE_UNAVAILABLE',
    `${file} is damaged: ${problem}; restore it from a backup (a report may be removed instead: it is made anew)`,
    { path: file },
  );
}

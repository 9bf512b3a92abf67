import { toOffloadError } from '@lance-offload/base';

/** Says why the process cannot start, and ends it with the error's exit code. */
export function failToStart(thrown: unknown): never {
  const error = toOffloadError(thrown);
  process.stderr.write(`lance-worker: ${error.message}\n  ${error.hint}\n`);
  process.exit(error.policy.exitCode);
}

import { toOffloadError } from '@lance-offload/base';
import { PasswordError } from './hash-password.ts';
import { ListenError } from './listen.ts';

/** Says why the command cannot go on, and ends it with the error's exit code. */
export function failToStart(thrown: unknown): never {
  if (thrown instanceof ListenError || thrown instanceof PasswordError) {
    process.stderr.write(`lance-dashboard: ${thrown.message}\n`);
    process.exit(1);
  }
  const error = toOffloadError(thrown);
  process.stderr.write(`lance-dashboard: ${error.message}\n  ${error.hint}\n`);
  process.exit(error.policy.exitCode);
}

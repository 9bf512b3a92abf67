import { describeError, dropOutputNobodyReads, toOffloadError } from '@lance-offload/base';
import { createProgram } from './program.ts';

dropOutputNobodyReads();
try {
  await createProgram().parseAsync(process.argv);
} catch (thrown) {
  const error = toOffloadError(thrown);
  const json = process.argv.includes('--json');
  if (json) process.stdout.write(`${JSON.stringify({ error: describeError(error) }, null, 2)}\n`);
  process.stderr.write(`lance-offload: ${error.words}\n  ${error.hint}\n`);
  process.exitCode = error.policy.exitCode;
}

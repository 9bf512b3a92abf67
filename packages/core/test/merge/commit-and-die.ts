import { commitRun } from '../../src/commit/commit-run.ts';
import { openLake } from '../../src/stage/staging.ts';

// A process that commits a staged run and kills itself once a step is done: LAKE DESTINATION RUN STEP.

const [root = '', destination = '', runId = '', last = ''] = process.argv.slice(2);

await commitRun({ destination, runId }, openLake(root), (step) => {
  if (step === last) process.kill(process.pid, 'SIGKILL');
});

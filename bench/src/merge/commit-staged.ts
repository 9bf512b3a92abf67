// One commit of a staged run, in a process of its own: audit, merge, deletion vectors, log entry, views, report.
import { peakMemory } from '../processes.ts';
import { commitRun, LakePaths, Staging, type CommitStep } from './core.ts';

const [lake = '', destination = '', runId = ''] = process.argv.slice(2);

const steps: Partial<Record<CommitStep | 'end', number>> = {};
const started = performance.now();
let last = started;
const onStep = (step: CommitStep | 'end'): void => {
  const now = performance.now();
  steps[step] = (now - last) / 1000;
  last = now;
};
const report = await commitRun({ destination, runId }, new Staging(new LakePaths(lake)), onStep);
onStep('end');
const { rows, verified } = report;
process.stdout.write(
  JSON.stringify({
    seconds: (last - started) / 1000,
    peakBytes: peakMemory(process.pid),
    steps,
    updated: rows.updated,
    verified,
  }),
);

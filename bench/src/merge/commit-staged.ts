// One commit of a staged run, in a process of its own: audit, merge, deletion vectors, log entry, views, report.
import { cpuSeconds, peakMemory } from '../processes.ts';
import { commitRun, openLake, type CommitStep } from './core.ts';

const [lake = '', destination = '', runId = ''] = process.argv.slice(2);

const steps: Partial<Record<CommitStep, number>> = {};
const staging = openLake(lake);
const cpuBefore = cpuSeconds();
const started = performance.now();
let last = started;
const report = await commitRun({ destination, runId }, staging, (step) => {
  const now = performance.now();
  steps[step] = (now - last) / 1000;
  last = now;
});
process.stdout.write(
  JSON.stringify({
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: cpuSeconds() - cpuBefore,
    peakBytes: peakMemory(process.pid),
    steps,
    rows: report.rows,
    verified: report.verified,
  }),
);

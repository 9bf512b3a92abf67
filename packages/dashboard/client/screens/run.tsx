import { useMemo } from 'preact/hooks';
import type { RunDetail } from '../../src/api/run-answers.ts';
import { figure } from '../format.ts';
import { useTopic } from '../live/use-topic.ts';
import { summaryOf } from '../overview/chart-data.ts';
import { Chart } from '../parts/chart.tsx';
import { Empty, Problem, Section } from '../parts/section.tsx';
import { runPath, useHeading } from '../router.ts';
import { RunHead } from '../run/head.tsx';
import { Log } from '../run/log.tsx';
import { Pages } from '../run/pages.tsx';
import { PlanSection, ReportSection } from '../run/report.tsx';

function Throughput({ points }: { points: RunDetail['points'] }) {
  const columns = useMemo(() => {
    const full = points.slice(0, -1); // the last one is still being filled
    return {
      times: full.map(({ t }) => t),
      rows: full.map(({ rows }) => rows),
      megabytes: full.map(({ bytes }) => bytes / 1e6),
    };
  }, [points]);
  const rows = useMemo(() => [{ label: 'rows/s', colour: '--chart-1', values: columns.rows }], [columns]);
  const volume = useMemo(
    () => [{ label: 'MB/s', colour: '--chart-2', values: columns.megabytes }],
    [columns],
  );
  if (columns.times.length < 2) return null;
  const common = { times: columns.times, format: figure, group: 'run' };
  return (
    <Section title="Throughput">
      <div class="charts two">
        <Chart
          {...common}
          title="Rows"
          unit="rows/s"
          series={rows}
          summary={summaryOf('Rows', 'rows/s', columns.rows, figure)}
        />
        <Chart
          {...common}
          title="Volume"
          unit="MB/s"
          series={volume}
          summary={summaryOf('Volume', 'MB/s', columns.megabytes, figure)}
        />
      </div>
    </Section>
  );
}

function NotYet({ title, children }: { title: string; children: preact.ComponentChildren }) {
  const heading = useHeading(title);
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </>
  );
}

export function RunScreen({ runId }: { runId: string }) {
  const id = encodeURIComponent(runId);
  const { data: run, error } = useTopic<RunDetail>(
    `/api${runPath(runId)}`,
    `/api/events?topic=run&run=${id}`,
    'run',
  );
  if (!run && error)
    return (
      <NotYet title={error.status === 404 ? 'No such run' : 'Run'}>
        <Problem
          text={
            error.status === 404
              ? `There is no run ${runId}. Runs are known for a day after they ended.`
              : error.message
          }
        />
        <p>
          <a href="/">Back to the overview</a>
        </p>
      </NotYet>
    );
  if (!run)
    return (
      <NotYet title="Run">
        <Empty>Loading…</Empty>
      </NotYet>
    );
  return (
    <>
      <RunHead run={run} />
      <Pages run={run} />
      <Throughput points={run.points} />
      <div class="columns">
        <ReportSection run={run} />
        <PlanSection run={run} />
      </div>
      <Log run={run} />
    </>
  );
}

import type { ComponentChildren } from 'preact';
import type { FleetNow } from '../../src/api/answers.ts';
import { byteRate, count, figure, megabytes, NONE, rowRate } from '../format.ts';

interface FigureProps {
  readonly title: string;
  readonly value: string;
  readonly unit?: string;
  readonly tone?: 'bad';
  readonly href?: string;
  readonly children: ComponentChildren;
}

function Figure({ title, value, unit, tone, href, children }: FigureProps) {
  return (
    <div class={`figure ${tone ?? ''}`}>
      <dt>{title}</dt>
      <dd>
        <span class="value">
          {href ? <a href={href}>{value}</a> : value} {unit && <small>{unit}</small>}
        </span>
        <span class="sub">{children}</span>
      </dd>
    </div>
  );
}

function milliseconds(value: number | null): string {
  return value === null ? NONE : `${count(value)} ms`;
}

/** The fleet in seven figures. */
export function Figures({ fleet }: { fleet: FleetNow }) {
  const { workers } = fleet;
  return (
    <dl class="figures">
      <Figure title="Rows" value={figure(fleet.rowsPerSecond)} unit="rows/s">
        {rowRate(fleet.rowsPerSecondMinute)} last minute
        <br />
        {rowRate(fleet.rowsPerSecondHour)} last hour
      </Figure>
      <Figure title="Volume" value={megabytes(fleet.bytesPerSecond)} unit="MB/s">
        {byteRate(fleet.bytesPerSecondMinute)} last minute
      </Figure>
      <Figure title="Pages in flight" value={count(fleet.pagesInFlight)}>
        fetched or staged right now
      </Figure>
      <Figure
        title="Source latency"
        value={fleet.p50 === null ? NONE : count(fleet.p50)}
        unit={fleet.p50 === null ? '' : 'ms p50'}
      >
        {milliseconds(fleet.p95)} p95, last minute
      </Figure>
      <Figure title="Retries" value={count(fleet.retriesHour)} unit="last hour">
        {count(fleet.pausesHour)} pauses for the source’s rate limit
      </Figure>
      <Figure
        title="Workers"
        value={count(workers.working)}
        unit="working"
        {...(workers.lost > 0 && { tone: 'bad' as const })}
      >
        <span class={workers.lost > 0 ? 'alarm' : undefined}>{count(workers.lost)} lost</span>,{' '}
        {count(workers.stopped)} stopped
      </Figure>
      <Figure
        title="Failures"
        value={count(fleet.failures)}
        href="/failures"
        {...(fleet.failures > 0 && { tone: 'bad' as const })}
      >
        {fleet.failures > 0 ? <a href="/failures">Look and retry</a> : 'Nothing has failed'}
      </Figure>
    </dl>
  );
}

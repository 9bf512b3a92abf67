import { useMemo, useState } from 'preact/hooks';
import type { Point } from '../../src/api/answers.ts';
import { count, figure, megabytes, timeOfDay } from '../format.ts';
import { SPAN_SECONDS } from '../live/apply-patch.ts';
import { Chart, type Series } from '../parts/chart.tsx';
import { Section } from '../parts/section.tsx';
import { columnsOf, minutesOf, summaryOf } from './chart-data.ts';

type Columns = ReturnType<typeof columnsOf>;

interface Measure {
  readonly title: string;
  readonly unit: string;
  readonly format: (value: number | null) => string;
  readonly series: (columns: Columns) => readonly Series[];
}

const MEASURES: readonly Measure[] = [
  {
    title: 'Rows',
    unit: 'rows/s',
    format: figure,
    series: ({ rows }) => [{ label: 'rows/s', colour: '--chart-1', values: rows }],
  },
  {
    title: 'Volume',
    unit: 'MB/s',
    format: figure,
    series: ({ megabytes: values }) => [{ label: 'MB/s', colour: '--chart-2', values }],
  },
  {
    title: 'In flight',
    unit: 'pages',
    format: figure,
    series: ({ inFlight }) => [{ label: 'pages', colour: '--chart-3', values: inFlight }],
  },
  {
    title: 'Latency',
    unit: 'ms',
    format: count,
    series: ({ p50, p95 }) => [
      { label: 'p50', colour: '--chart-1', values: p50 },
      { label: 'p95', colour: '--chart-4', values: p95 },
    ],
  },
  {
    title: 'Held up',
    unit: '',
    format: count,
    series: ({ retries, pauses }) => [
      { label: 'retries', colour: '--chart-4', values: retries, bars: true },
      { label: 'pauses', colour: '--chart-5', values: pauses, bars: true },
    ],
  },
];

/** The same for whoever does not see the pictures. */
function Numbers({ points }: { points: readonly Point[] }) {
  return (
    // A region that scrolls has to be reachable with the keyboard.
    <div class="scroll" role="region" aria-label="The last hour by the minute" tabIndex={0}>
      <table class="plain">
        <thead>
          <tr>
            {['Minute', 'Rows/s', 'MB/s', 'In flight', 'p50 ms', 'p95 ms', 'Retries', 'Pauses'].map(
              (head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {minutesOf(points).map((minute) => (
            <tr key={minute.t}>
              <th scope="row">{timeOfDay(minute.t * 1000).slice(0, 5)}</th>
              <td>{figure(minute.rows)}</td>
              <td>{megabytes(minute.bytes)}</td>
              <td>{figure(minute.inFlight)}</td>
              <td>{count(minute.p50)}</td>
              <td>{count(minute.p95)}</td>
              <td>{count(minute.retries)}</td>
              <td>{count(minute.pauses)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The last hour, in small pictures with one cursor. */
export function Charts({ points }: { points: readonly Point[] }) {
  const [asNumbers, setAsNumbers] = useState(false);
  const drawn = useMemo(() => {
    const columns = columnsOf(points);
    return MEASURES.map((measure) => ({ measure, times: columns.times, series: measure.series(columns) }));
  }, [points]);
  const toggle = (
    <button type="button" class="small" aria-pressed={asNumbers} onClick={() => setAsNumbers(!asNumbers)}>
      As numbers
    </button>
  );
  return (
    <Section title="Last hour" tools={toggle}>
      {asNumbers && <Numbers points={points} />}
      <div class="charts">
        {drawn.map(({ measure: { title, unit, format }, times, series }) => (
          <Chart
            key={title}
            title={title}
            unit={unit}
            format={format}
            times={times}
            series={series}
            group="fleet"
            span={SPAN_SECONDS}
            summary={series
              .map(({ label, values }) =>
                summaryOf(series.length > 1 ? `${title}, ${label}` : title, unit, values, format),
              )
              .join(' ')}
          />
        ))}
      </div>
    </Section>
  );
}

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { colour, colours } from '../theme.ts';
import { useStore } from '../store.ts';

export interface Series {
  readonly label: string;
  /** A colour of the style sheets, such as `--busy`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly bars?: boolean;
}

export interface ChartProps {
  readonly title: string;
  readonly unit: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number | null) => string;
  /** Charts of the same group show the same moment. */
  readonly group: string;
  readonly summary: string;
  readonly height?: number;
  /** Seconds from the left edge to the right one; without it, from the first to the last point. */
  readonly span?: number;
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const FONT = '11px system-ui, sans-serif';

function axis(scale: 'x' | 'y'): uPlot.Axis {
  return {
    scale,
    font: FONT,
    stroke: () => colour('--muted'),
    grid: { stroke: () => colour('--grid'), width: 1, show: scale === 'y' },
    ticks: { show: false },
    ...(scale === 'x'
      ? {
          size: 20,
          gap: 4,
          space: 64,
          values: (_plot, splits) => splits.map((each) => clock.format(each * 1000)),
        }
      : {
          size: 44,
          gap: 4,
          space: 28,
          values: (_plot, splits) => splits.map((each) => compact.format(each)),
        }),
  };
}

const makeBars = uPlot.paths.bars?.({ size: [0.9, 6, 2] });
const barPaths = makeBars ? { paths: makeBars } : {};

function optionsFor(
  { series, group, height = 120, span }: ChartProps,
  width: number,
  onCursor: (plot: uPlot) => void,
): uPlot.Options {
  return {
    width,
    height,
    padding: [6, 16, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: group }, drag: { x: false, y: false }, points: { size: 6 }, y: false },
    scales: {
      x: { time: true, range: (_plot, min, max) => [span === undefined ? min : max - span, max] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [axis('x'), axis('y')],
    series: [
      {},
      ...series.map(({ label, colour: name, bars }, index) => ({
        label,
        stroke: () => colour(name),
        width: 1.5,
        points: { show: false },
        ...(index === 0 && !bars && series.length === 1 && { fill: () => colour(`${name}-soft`) }),
        ...(bars && { fill: () => colour(name), ...barPaths }),
      })),
    ],
    hooks: { setCursor: [onCursor] },
  };
}

/** What stands beside the title: the values under the cursor, or the newest ones. Written straight to the screen, as often as the cursor moves. */
function writeValues(
  legend: HTMLElement,
  { times, series, format }: ChartProps,
  index: number | null | undefined,
): void {
  const at = index ?? times.length - 1;
  for (const [number, value] of [...legend.querySelectorAll('b')].entries()) {
    value.textContent = format(series[number]?.values[at] ?? null);
  }
  const time = legend.querySelector('time');
  if (time)
    time.textContent = index === null || index === undefined ? '' : clock.format((times[at] ?? 0) * 1000);
}

/** One measure over time. The text of `summary` stands for the picture. */
export function Chart(props: ChartProps) {
  const { title, unit, times, series, summary, height = 120 } = props;
  const box = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const onCursor = ({ cursor }: uPlot): void => {
      if (legend.current) writeValues(legend.current, latest.current, cursor.idx);
    };
    const made = new uPlot(optionsFor(latest.current, parent.clientWidth, onCursor), [[]], parent);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height }));
    resized.observe(parent);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [series.length, height]);
  useEffect(() => {
    plot.current?.setData([[...times], ...series.map(({ values }) => [...values])]);
    if (legend.current) writeValues(legend.current, latest.current, plot.current?.cursor.idx);
  }, [times, series]);
  const scheme = useStore(colours, (value) => value);
  useEffect(() => plot.current?.redraw(false, true), [scheme]);
  return (
    <figure class={series.length > 1 ? 'chart multiple' : 'chart'}>
      <figcaption>
        <span class="chart-title">
          {title} <small>{unit}</small>
        </span>
        <div class="legend" ref={legend} aria-hidden="true">
          <time />
          {series.map(({ label, colour: name }) => (
            <span key={label}>
              {series.length > 1 && <i class={`key ${name.slice(2)}`} />}
              {series.length > 1 && label} <b />
            </span>
          ))}
        </div>
      </figcaption>
      <div class="plot" ref={box} role="img" aria-label={summary} style={{ height: `${height}px` }} />
    </figure>
  );
}

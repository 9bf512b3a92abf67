import { useNow } from '../clock.ts';
import { ago, duration, moment } from '../format.ts';

function Time({ ms, text }: { ms: number; text: string }) {
  const date = new Date(ms);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString('en-GB')}>
      {text}
    </time>
  );
}

/** `3 min ago` */
export function Ago({ ms }: { ms: number }) {
  return <Time ms={ms} text={useNow((now) => ago(ms, now))} />;
}

/** `14:03`, with the day where it is another. */
export function Moment({ ms }: { ms: number }) {
  return <Time ms={ms} text={useNow((now) => moment(ms, now))} />;
}

/** How long something took, or has taken so far. */
export function Elapsed({ fromMs, toMs }: { fromMs: number; toMs: number | null }) {
  return (
    <span>
      {useNow((now) =>
        duration(Math.max(toMs === null ? 1000 : 0, Math.floor(((toMs ?? now) - fromMs) / 1000) * 1000)),
      )}
    </span>
  );
}

import { useEffect, useRef, useState } from 'preact/hooks';
import { createStore } from './store.ts';

/** How far the fleet's clock (Redis’s) is ahead of the browser's, in milliseconds. */
export const clockSkew = createStore(0);

/** The fleet's time. */
function fleetNow(): number {
  return Date.now() + clockSkew.get();
}

const ticking = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function follow(tick: () => void): () => void {
  ticking.add(tick);
  timer ??= setInterval(() => {
    if (!document.hidden) for (const each of ticking) each();
  }, 1000);
  return () => {
    ticking.delete(tick);
    if (ticking.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The fleet's time, drawn again as often as `ofNow` says something else: ages tick without redrawing what is around them. */
export function useNow<Text>(ofNow: (nowMs: number) => Text): Text {
  const text = ofNow(fleetNow());
  const [, redraw] = useState<unknown>(text);
  const latest = useRef(ofNow);
  latest.current = ofNow;
  useEffect(() => follow(() => redraw(() => latest.current(fleetNow()))), []);
  return text;
}

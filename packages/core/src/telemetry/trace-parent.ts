import {
  isSpanContextValid,
  trace,
  TraceFlags,
  type SpanContext,
  type TextMapPropagator,
} from '@opentelemetry/api';

const HEADER = 'traceparent';
const PATTERN = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

function parse(text: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = PATTERN.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const found = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  };
  return isSpanContextValid(found) ? found : undefined;
}

/** Carries a span on in what a job knows of its trace: W3C Trace Context, level 1, without `tracestate`. */
export const traceParent: TextMapPropagator = {
  inject(from, carrier, setter) {
    const span = trace.getSpanContext(from);
    if (!span || !isSpanContextValid(span)) return;
    const flags = (span.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0');
    setter.set(carrier, HEADER, `00-${span.traceId}-${span.spanId}-${flags}`);
  },
  extract(into, carrier, getter) {
    const text = getter.get(carrier, HEADER);
    const span = typeof text === 'string' ? parse(text) : undefined;
    return span ? trace.setSpanContext(into, span) : into;
  },
  fields: () => [HEADER],
};

import { context, INVALID_SPAN_CONTEXT, trace, type Context } from '@opentelemetry/api';
import type { Span, SpanOptions, Telemetry, Tracer } from 'bullmq';
import { BullMQOTelSpan, BullMQOtel } from 'bullmq-otel';

/** What of BullMQ's operations is a step of a run. The others (polling, locks, stalled jobs) would be traces of nothing. */
const SHOWN: ReadonlySet<string> = new Set(['addFlow', 'addNode', 'addBulk', 'process']);

/** A span of a job that leaves out results, and words of errors: a server's words may hold rows or filters. */
class JobSpan extends BullMQOTelSpan {
  override addEvent(name: string): void {
    super.addEvent(name);
  }

  override recordException(): void {
    // The worker says which code it was; a span without one has failed inside BullMQ, which says so in the log.
  }

  override setAttributes(attributes: Parameters<BullMQOTelSpan['setAttributes']>[0]): void {
    // The table's name as often as there are pages.
    const { 'bullmq.job.bulk.names': _names, ...rest } = attributes;
    super.setAttributes(rest);
  }
}

/** Leaves no span; what happens below it belongs to what it is in. */
function hidden(within: Context): Span<Context> {
  return new BullMQOTelSpan(trace.wrapSpanContext(trace.getSpanContext(within) ?? INVALID_SPAN_CONTEXT));
}

/** Jobs of BullMQ as spans: each is a child of what added it, on whichever host it is processed. */
export function createJobTelemetry(): Telemetry<Context> {
  const { contextManager } = new BullMQOtel();
  const otel = trace.getTracer('bullmq');
  const tracer: Tracer<Context> = {
    startSpan(name: string, options: SpanOptions, parent?: Context) {
      const [operation = ''] = name.split(' ');
      if (!SHOWN.has(operation)) return hidden(parent ?? context.active());
      return new JobSpan(otel.startSpan(name, options, parent));
    },
  };
  return { tracer, contextManager };
}

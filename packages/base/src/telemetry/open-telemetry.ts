import { hostname } from 'node:os';
import { context, propagation, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import { toOffloadError } from '../errors/offload-error.ts';
import type { Logger } from '../logger.ts';
import { VERSION } from '../version.ts';
import { createJobTelemetry } from './job-telemetry.ts';
import { samplerOf } from './sampler.ts';
import type { SpanFacts, Tracing } from './tracing.ts';

/** Spans that are left are given up after this long: a process must end without its collector, too. */
const STOP_MS = 2000;
/** The exporter tries for so long, and holds the process up as long; `OTEL_EXPORTER_OTLP_TIMEOUT` names another time. */
const EXPORT_MS = 3000;

function attributesOf({ code, ...facts }: SpanFacts): Attributes {
  return {
    'lance_offload.run_id': facts.runId,
    'lance_offload.table': facts.table,
    'lance_offload.page': facts.page,
    'lance_offload.rows': facts.rows,
    'lance_offload.bytes': facts.bytes,
    'lance_offload.delta_version': facts.deltaVersion,
    'lance_offload.attempt': facts.attempt,
    'lance_offload.error_code': code,
  };
}

function tell(span: Span | undefined, facts: SpanFacts): void {
  span?.setAttributes(attributesOf(facts));
  if (facts.code !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR, message: facts.code });
}

/** An exporter that says once that it fails, and says it again only after it has succeeded. */
function sayingOnce(exporter: SpanExporter, logger: Logger): SpanExporter {
  let failing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const fails = result.error !== undefined;
        // Not its words: they may hold the collector's address with what it is sent along.
        if (fails && !failing) logger.warn('traces do not reach their collector; work goes on without them');
        failing = fails;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

function createProvider(service: string, logger: Logger, env: NodeJS.ProcessEnv): TracerProvider {
  const own = resourceFromAttributes({
    'service.name': service,
    'service.version': VERSION,
    'host.name': hostname(),
    'process.pid': process.pid,
  });
  const detectors = [resourceAttributesEnvDetector, serviceNameEnvDetector];
  const timeout = env['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'] ?? env['OTEL_EXPORTER_OTLP_TIMEOUT'];
  const exporter = new OTLPTraceExporter(timeout === undefined ? { timeoutMillis: EXPORT_MS } : {});
  return new TracerProvider({
    resource: own.merge(detectResources({ detectors })),
    sampler: samplerOf(env),
    spanProcessors: [new BatchSpanProcessor({ exporter: sayingOnce(exporter, logger) })],
  });
}

async function inTime(work: Promise<void>): Promise<void> {
  const { promise: tooLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, STOP_MS);
  await Promise.race([work.catch(() => undefined), tooLate]); // what was not sent was told of
  clearTimeout(timer);
}

/** Makes this process's traces. Once a process: OpenTelemetry's context and propagation are the process's own. */
export function startOpenTelemetry(service: string, logger: Logger, env: NodeJS.ProcessEnv): Tracing {
  const provider = createProvider(service, logger, env);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  const tracer = provider.getTracer('lance-offload', VERSION);
  return {
    bullmq: { telemetry: createJobTelemetry() },
    inSpan: (name, facts, work) =>
      tracer.startActiveSpan(name, async (span) => {
        tell(span, facts);
        try {
          return await work();
        } catch (thrown) {
          tell(span, { code: toOffloadError(thrown).code });
          throw thrown;
        } finally {
          span.end();
        }
      }),
    annotate: (facts) => tell(trace.getActiveSpan(), facts),
    past: (name, ms, facts = {}) => {
      const span = tracer.startSpan(name, { startTime: Date.now() - ms });
      tell(span, facts);
      span.end();
    },
    stop: () => inTime(provider.shutdown()),
  };
}

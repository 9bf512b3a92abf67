import type { Logger } from '../logger.ts';
import { NO_TRACING, type Tracing } from './tracing.ts';

/** Whether OpenTelemetry's own variables ask for traces. */
function isConfigured(env: NodeJS.ProcessEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return false;
  return Boolean(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT']);
}

/**
 * Sends traces to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` names, by OTLP
 * over HTTP as JSON. Where neither is set, nothing of OpenTelemetry is loaded. A collector that does not answer is told
 * of once, and harms nothing.
 *
 * @param service its name where `OTEL_SERVICE_NAME` gives none.
 */
export async function startTracing(
  service: string,
  logger: Logger,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Tracing> {
  if (!isConfigured(env)) return NO_TRACING;
  const { startOpenTelemetry } = await import('./open-telemetry.ts');
  return startOpenTelemetry(service, logger, env);
}

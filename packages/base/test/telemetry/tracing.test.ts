import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { samplerOf } from '../../src/telemetry/sampler.ts';

const run = promisify(execFile);
const SOURCE = path.resolve(import.meta.dirname, '../../src');

/** Starts tracing in a process of its own, and names the modules of OpenTelemetry that it has loaded. */
async function loadedWith(env: NodeJS.ProcessEnv, module = 'telemetry/start-tracing.ts'): Promise<string[]> {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const { startTracing } = await import(${JSON.stringify(path.join(SOURCE, module))});
    const tracing = await startTracing('test', { warn: () => undefined });
    await tracing.inSpan('work', {}, async () => tracing.annotate({ rows: 1 }));
    await tracing.stop();
    console.log(JSON.stringify(loaded.filter((url) => /\\/(?:@opentelemetry|bullmq-otel|open-telemetry)\\b[^+]*$/.test(url))));`;
  const args = [
    '--conditions=dev',
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    script,
  ];
  const { stdout } = await run(process.execPath, args, { env: { PATH: process.env['PATH'], ...env } });
  const loaded: string[] = JSON.parse(stdout);
  return loaded;
}

test('nothing of OpenTelemetry is loaded where no collector is named', async () => {
  expect(await loadedWith({}, 'index.ts')).toEqual([]);
  expect(await loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toEqual([]);
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
  expect(await loadedWith({ ...endpoint, OTEL_SDK_DISABLED: 'true' })).toEqual([]);
  expect(await loadedWith({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' })).toEqual([]);
});

test('either variable of OpenTelemetry starts it, and it stops although its collector does not answer', async () => {
  for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
    const loaded = await loadedWith({ [name]: 'http://127.0.0.1:1' });
    expect(loaded).toContainEqual(expect.stringContaining('exporter-trace-otlp-http'));
  }
});

const named = (name?: string, argument?: string) =>
  samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument }).toString();

test('the sampler is the one OpenTelemetry’s variables name, and takes every run where they name none', () => {
  expect(named()).toContain('root=AlwaysOnSampler');
  expect(named('no-such')).toContain('root=AlwaysOnSampler');
  expect(named('always_off')).toBe('AlwaysOffSampler');
  expect(named('traceidratio', '0.25')).toBe('TraceIdRatioBased{0.25}');
  expect(named('traceidratio', '7')).toBe('TraceIdRatioBased{1}');
  expect(named('parentbased_traceidratio', '0.1')).toContain('root=TraceIdRatioBased{0.1}');
});

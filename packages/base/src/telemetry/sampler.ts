import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace';

function ratioOf(env: NodeJS.ProcessEnv): number {
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] || 1);
  return ratio >= 0 && ratio <= 1 ? ratio : 1;
}

const SAMPLERS: Readonly<Record<string, (env: NodeJS.ProcessEnv) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (env) => new TraceIdRatioBasedSampler(ratioOf(env)),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (env) =>
    new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratioOf(env)) }),
};

/** Which runs are traced: `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`; all of them where nothing is said. */
export function samplerOf(env: NodeJS.ProcessEnv): Sampler {
  const named = SAMPLERS[env['OTEL_TRACES_SAMPLER'] ?? ''];
  return named ? named(env) : new ParentBasedSampler({ root: new AlwaysOnSampler() });
}

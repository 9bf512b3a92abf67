import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { traceParent } from '../../src/telemetry/trace-parent.ts';

const extract = (traceparent?: string) =>
  trace.getSpanContext(traceParent.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter));

const inject = (traceFlags: number): Record<string, string> => {
  const carrier: Record<string, string> = {};
  const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags };
  traceParent.inject(trace.setSpanContext(ROOT_CONTEXT, span), carrier, defaultTextMapSetter);
  return carrier;
};

test('a span is carried on as W3C Trace Context, with whether it is sampled', () => {
  const sampled = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  expect(inject(1)).toEqual({ traceparent: sampled });
  expect(inject(0)['traceparent']).toMatch(/-00$/);
  expect(extract(sampled)).toEqual({
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
    isRemote: true,
  });
});

test('what is no span is carried on as none', () => {
  const carrier: Record<string, string> = {};
  traceParent.inject(ROOT_CONTEXT, carrier, defaultTextMapSetter);
  expect(carrier).toEqual({});
  for (const text of [
    undefined,
    '',
    `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
    `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    `00-${'a'.repeat(31)}-${'b'.repeat(16)}-01`,
  ])
    expect(extract(text)).toBeUndefined();
});

import type { Telemetry } from 'bullmq';

/** What a span tells of the work it is about. Nothing of rows, filters, messages of the source, or keys. */
export interface SpanFacts {
  readonly runId?: string;
  readonly table?: string;
  readonly page?: number;
  readonly rows?: number;
  /** Of Arrow answers, or of a written file. */
  readonly bytes?: number;
  readonly deltaVersion?: number;
  readonly attempt?: number;
  /** Of an error: the span has failed. */
  readonly code?: string;
}

/** Where work leaves spans: a trace per run, from the producer through its pages to its commit. */
export interface Tracing {
  /** To be spread into the options of BullMQ's queues and workers: jobs carry their trace on. */
  readonly bullmq: { readonly telemetry?: Telemetry };
  /** Does work in a span of its own. */
  inSpan<T>(name: string, facts: SpanFacts, work: () => Promise<T>): Promise<T>;
  /** Adds to the span that is under way, such as that of a job. */
  annotate(facts: SpanFacts): void;
  /** Leaves a span of work that has just ended, and took so many milliseconds. */
  past(name: string, ms: number, facts?: SpanFacts): void;
  /** Sends what is left, within `STOP_MS`. */
  stop(): Promise<void>;
}

/** Leaves nothing, loads nothing, costs nothing. */
export const NO_TRACING: Tracing = {
  bullmq: {},
  inSpan: (_name, _facts, work) => work(),
  annotate: () => undefined,
  past: () => undefined,
  stop: () => Promise.resolve(),
};

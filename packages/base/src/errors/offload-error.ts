import { ERROR_POLICY, type ErrorPolicy, type OffloadErrorCode } from './policy.ts';

/** Facts about a failure, for machines. Never holds a secret. */
export interface ErrorDetails {
  readonly table?: string;
  readonly runId?: string;
  readonly page?: number;
  readonly column?: string;
  /** HTTP status of the source's answer. */
  readonly status?: number;
  readonly requestId?: string;
  /** What the server said, cut to a readable length. */
  readonly serverSaid?: string;
  /** Milliseconds the source asked us to wait (`Retry-After`). */
  readonly retryAfterMs?: number;
  readonly problems?: readonly string[];
  readonly path?: string;
  /** Some of the rows it is about. For the operator's terminal only: never part of a message, a log line or a page. */
  readonly sample?: readonly string[];
}

/**
 * The one error of this product. Its message starts with `[CODE]` and says what failed, where, and what the other
 * side said; `hint` is the remedy.
 */
export class OffloadError extends Error {
  override readonly name = 'OffloadError';
  readonly code: OffloadErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: OffloadErrorCode,
    message: string,
    details: ErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.details = details;
  }

  get policy(): ErrorPolicy {
    return ERROR_POLICY[this.code];
  }

  get hint(): string {
    return this.policy.hint;
  }

  /** The message and the rows it is about, for the operator's terminal. */
  get words(): string {
    return withSample(this.message, this.details.sample);
  }

  /** The same failure with more known about where it happened. */
  with(details: ErrorDetails): OffloadError {
    const text = this.message.slice(this.code.length + 3);
    return new OffloadError(this.code, text, { ...details, ...this.details }, { cause: this.cause });
  }
}

/** A message and some of the rows it is about. */
export function withSample(message: string, sample: readonly string[] = []): string {
  return sample.length === 0 ? message : `${message}, such as ${sample.join('; ')}`;
}

/** Any thrown value as an OffloadError; what is not one of ours is a defect (`INTERNAL`). */
export function toOffloadError(thrown: unknown): OffloadError {
  if (thrown instanceof OffloadError) return thrown;
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new OffloadError('INTERNAL', text, {}, { cause: thrown });
}

/** Plain, serialisable form, for receipts of failure in Redis and `--json` output. */
export function describeError(error: OffloadError): {
  code: OffloadErrorCode;
  message: string;
  hint: string;
  details: ErrorDetails;
} {
  return { code: error.code, message: error.message, hint: error.hint, details: error.details };
}

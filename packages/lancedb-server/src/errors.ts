/** The options make no sense: the command line answers with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const STATUS_WORDS = {
  400: 'Bad request',
  401: 'Unauthorized',
  404: 'Not found',
  413: 'Payload too large',
  429: 'Too many requests',
  500: 'Internal error',
  501: 'Not implemented',
} as const;

export type ErrorStatus = keyof typeof STATUS_WORDS;

/** An answer other than 200. Its body is the Cloud's: `{"code":404,"error":"Not found: Table 'x' was not found"}`. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: ErrorStatus;
  readonly headers: Record<string, string>;

  constructor(
    status: ErrorStatus,
    message: string,
    options: { cause?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
  }

  toBody(): { code: number; error: string } {
    return { code: this.status, error: `${STATUS_WORDS[this.status]}: ${this.message}` };
  }
}

/**
 * What the engine says, by the status it deserves; the first match counts. Its errors carry no code, only text, so this
 * table is the one place that reads it.
 */
const ENGINE_ERRORS: { pattern: RegExp; status: ErrorStatus }[] = [
  { pattern: /^Invalid table name/, status: 404 },
  {
    pattern:
      /Invalid input|Invalid distance type|Schema error|Query Execution error|No vector column|not supported/i,
    status: 400,
  },
  { pattern: /was not found|not found:/i, status: 404 },
];

/** Turns whatever was thrown while serving a request into an answer. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const message = engineWords(error instanceof Error ? error.message : String(error));
  const status =
    clientErrorStatus(error) ?? ENGINE_ERRORS.find(({ pattern }) => pattern.test(message))?.status ?? 500;
  return new HttpError(status, message, { cause: error });
}

/** Express gives its own errors (a body that is no JSON, a path with a bad escape, a body too long) a status. */
function clientErrorStatus(error: unknown): ErrorStatus | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  if (error.status === 413) return 413;
  return typeof error.status === 'number' && error.status >= 400 && error.status < 500 ? 400 : undefined;
}

/** The engine's message without its causes (which repeat it) and without the places in its source. */
function engineWords(message: string): string {
  const [first = message] = message.split(/\s*Caused by:/);
  return first
    .replace(/, \/\S+\.rs:\d+:\d+/g, '')
    .replace(/^Failed to (?:execute query stream|get next batch from stream): (?:GenericFailure, )?/, '')
    .replace(/^lance error: /, '')
    .trim();
}

import type { ChangeAnswer, ErrorAnswer } from '../src/api/answers.ts';

/** A request that was refused or not answered; the message and hint are for the operator. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(status: number, code: string, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

function goToLogin(): void {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** The token of the session, which every change has to bring along. */
export function changeToken(cookies: string = document.cookie): string {
  const value = /(?:^|;\s*)XSRF-TOKEN=([^;]*)/.exec(cookies)?.[1];
  return value === undefined ? '' : decodeURIComponent(value);
}

function isErrorAnswer(body: unknown): body is ErrorAnswer {
  if (typeof body !== 'object' || body === null || !('error' in body)) return false;
  return typeof body.error === 'object' && body.error !== null && 'message' in body.error;
}

/** What guards before the API say: a message and nothing else. */
function messageOf(body: unknown): string | undefined {
  const hasMessage = typeof body === 'object' && body !== null && 'message' in body;
  return hasMessage && typeof body.message === 'string' ? body.message : undefined;
}

async function refusalOf(response: Response): Promise<RequestError> {
  const body: unknown = await response.json().catch(() => null); // a proxy's page is no JSON
  if (isErrorAnswer(body)) {
    const { code, message, hint } = body.error;
    return new RequestError(response.status, code, message, hint);
  }
  const message = messageOf(body) ?? `The dashboard answered with status ${response.status}.`;
  return new RequestError(response.status, 'HTTP', message);
}

async function send<Answer>(path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(path, { ...init, credentials: 'same-origin' }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new RequestError(
      0,
      'NO_ANSWER',
      'The dashboard does not answer.',
      'Try again once the header says “live”.',
    );
  });
  if (response.status === 401) goToLogin();
  if (!response.ok) throw await refusalOf(response);
  return (await response.json()) as Answer;
}

/** @throws {RequestError} */
export function read<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return send(path, { headers: { Accept: 'application/json' }, ...(signal && { signal }) });
}

/** @throws {RequestError} */
export function change<Answer = ChangeAnswer>(path: string, body: unknown = {}): Promise<Answer> {
  return send(path, {
    method: 'POST',
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'X-XSRF-TOKEN': changeToken(),
    },
    body: JSON.stringify(body),
  });
}

/** What to tell the operator about whatever went wrong. */
export function wordsOf(error: unknown): string {
  if (error instanceof RequestError) return error.hint ? `${error.message} ${error.hint}` : error.message;
  return error instanceof Error ? error.message : String(error);
}

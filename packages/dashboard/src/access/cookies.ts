import { parseCookie, stringifySetCookie } from 'cookie';
import type { Request, Response } from 'express';

/** Under https the browser itself keeps other hosts and plain http from setting cookies of such a name. */
const hostOnly = (name: string, { secure }: Request): string => (secure ? `__Host-${name}` : name);

const SESSION = 'lance_session';
const BROWSER = 'lance_browser';

/** Its name and that of the header below are axios’, which Bull Board’s page sends its requests with. */
const TOKEN_COOKIE = 'XSRF-TOKEN';
export const TOKEN_HEADER = 'X-XSRF-TOKEN';

function readCookie(request: Request, name: string): string | undefined {
  const value = parseCookie(request.headers.cookie ?? '')[name];
  return value === '' ? undefined : value;
}

interface Kind {
  readonly httpOnly: boolean;
  /** Milliseconds; without it, as long as the browser is open. Zero deletes. */
  readonly maxAgeMs?: number;
}

function setCookie(request: Request, name: string, value: string, { httpOnly, maxAgeMs }: Kind): void {
  const cookie = stringifySetCookie({
    name,
    value,
    httpOnly,
    path: '/',
    sameSite: 'strict',
    secure: request.secure,
    ...(maxAgeMs !== undefined && { maxAge: Math.floor(maxAgeMs / 1000) }),
  });
  request.res?.append('Set-Cookie', cookie);
}

/** The id of the session a request belongs to, as the browser says. */
export function sessionIdOf(request: Request): string | undefined {
  return readCookie(request, hostOnly(SESSION, request));
}

export function setSessionCookie(request: Request, id: string, maxAgeMs: number): void {
  setCookie(request, hostOnly(SESSION, request), id, { httpOnly: true, maxAgeMs });
}

export function dropSessionCookie(request: Request): void {
  setCookie(request, hostOnly(SESSION, request), '', { httpOnly: true, maxAgeMs: 0 });
}

/** An id of the browser, which says nothing of who uses it: tokens are bound to it where there is no session. */
export function browserIdOf(request: Request): string | undefined {
  return readCookie(request, hostOnly(BROWSER, request));
}

export function setBrowserCookie(request: Request, id: string): void {
  setCookie(request, hostOnly(BROWSER, request), id, { httpOnly: true });
}

export function tokenCookieOf(request: Request): string | undefined {
  return readCookie(request, TOKEN_COOKIE);
}

/** Readable by the page’s own script, which sends it back as a header. */
export function setTokenCookie(response: Response, token: string): void {
  setCookie(response.req, TOKEN_COOKIE, token, { httpOnly: false });
}

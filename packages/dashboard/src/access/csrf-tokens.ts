import { createHmac } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Redis } from 'ioredis';
import { changesState } from '../request-guards.ts';
import { refuse } from '../refusal.ts';
import {
  browserIdOf,
  sessionIdOf,
  setBrowserCookie,
  setTokenCookie,
  TOKEN_HEADER,
  tokenCookieOf,
} from './cookies.ts';
import { isSameText, randomText } from './secret-text.ts';
import { findVisitor } from './visitor.ts';

/** The field of a form that has no script to send a header. */
export const TOKEN_FIELD = '_csrf';

const TOKEN = 'csrfToken';

/** The token a change that follows this request must bring, for the forms of its page. */
export function csrfTokenOf(response: Response): string {
  const token: unknown = response.locals[TOKEN];
  if (typeof token !== 'string' || token === '') throw new Error('this route is not behind access.open');
  return token;
}

export interface CsrfDeps {
  readonly redis: Redis;
  readonly prefix: string;
}

/** The tokens’ key. It is in Redis, so that all dashboards of a fleet take each other’s tokens, before and after a restart. */
async function readKey({ redis, prefix }: CsrfDeps): Promise<string> {
  const name = `${prefix}:csrf-key`;
  const key = await redis.get(name);
  if (key !== null) return key;
  await redis.set(name, randomText(), 'NX'); // whoever comes first decides
  return (await redis.get(name)) ?? readKey({ redis, prefix });
}

/** The token of a session, or of a browser without one. Whoever does not know the key cannot make it. */
export async function makeToken(deps: CsrfDeps, binding: string): Promise<string> {
  return createHmac('sha256', await readKey(deps))
    .update(binding)
    .digest('base64url');
}

function newBrowserId(request: Request): string {
  const id = randomText();
  setBrowserCookie(request, id);
  return id;
}

/** What the token is bound to: the session, or the browser where there is none. */
function bindingOf(request: Request, response: Response, hasLogin: boolean): string {
  const session = hasLogin && findVisitor(response) ? sessionIdOf(request) : undefined;
  return session ?? browserIdOf(request) ?? newBrowserId(request);
}

/** Hands the browser its token, as a cookie that the page’s script sends back as a header. */
export function issueToken(deps: CsrfDeps, hasLogin: boolean): RequestHandler {
  return async (request, response, next) => {
    // A link from another site comes without our cookies; new ones would replace those the browser has.
    const isForeign = request.get('sec-fetch-site') === 'cross-site';
    const token = isForeign ? randomText() : await makeToken(deps, bindingOf(request, response, hasLogin));
    response.locals[TOKEN] = token;
    if (!isForeign && tokenCookieOf(request) !== token) setTokenCookie(response, token);
    next();
  };
}

function sentToken(request: Request): string {
  const body: unknown = request.body;
  const field: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, TOKEN_FIELD) : undefined;
  return request.get(TOKEN_HEADER) ?? (typeof field === 'string' ? field : '');
}

export function hasToken(request: Request, response: Response): boolean {
  return isSameText(sentToken(request), csrfTokenOf(response));
}

/** Against request forgery: a change brings the token, which no page of another site can read. */
export const requireToken: RequestHandler = (request, response, next) => {
  if (!changesState(request) || hasToken(request, response)) next();
  else
    refuse(
      response,
      403,
      `This change lacks the header ${TOKEN_HEADER} with the value of the cookie XSRF-TOKEN, or it is an old one. Reload the page and try again.`,
    );
};

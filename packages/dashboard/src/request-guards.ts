import { isIP } from 'node:net';
import type { Logger } from '@lance-offload/base';
import type { Request, RequestHandler } from 'express';
import { findVisitor } from './access/visitor.ts';
import { refuse } from './refusal.ts';

/** The name in a Host header, without port and brackets; undefined where it is none. */
function hostName(header: string | undefined): string | undefined {
  const url = URL.parse(`http://${header ?? ''}`);
  return url?.hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * Against DNS rebinding: a page of another site whose name was made to resolve here is same-origin to the browser, but
 * comes under that name. Addresses and `localhost` cannot be rebound.
 */
export function refuseUnknownHosts(allowedHosts: readonly string[]): RequestHandler {
  const known = new Set(['localhost', ...allowedHosts.map((name) => name.toLowerCase())]);
  return (request, response, next) => {
    const name = hostName(request.headers.host);
    if (name !== undefined && (isIP(name) !== 0 || known.has(name))) {
      next();
      return;
    }
    const message = `The dashboard does not answer to the name "${name ?? ''}"; start it with --allowed-host NAME if it is its own.`;
    refuse(response, 403, message);
  };
}

/** Whether a request may change something, by its method. */
export function changesState({ method }: Request): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method);
}

/**
 * Whether a browser sent this for a page of another origin. `Sec-Fetch-Site` says so where browsers send it (HTTPS and
 * loopback); another port of this machine is `same-site`, and a stranger too. A client without either header is none.
 */
function isCrossSite(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = request.get('origin');
  return origin !== undefined && URL.parse(origin)?.host !== request.get('host');
}

/** Whether a page of another origin wants an answer for itself, be it an image or a stream, rather than to lead here. */
function isForeignRead(request: Request): boolean {
  return request.get('sec-fetch-mode') !== 'navigate' && isCrossSite(request);
}

/** Against request forgery: changes are taken from the dashboard’s own pages only, and no other page gets to read. */
export const refuseCrossSite: RequestHandler = (request, response, next) => {
  if (changesState(request) && isCrossSite(request))
    refuse(
      response,
      403,
      'Changes are taken from the dashboard’s own pages only; this request comes from another site.',
    );
  else if (isForeignRead(request))
    refuse(response, 403, 'The dashboard answers its own pages; this request comes from another site.');
  else next();
};

/** Logs what was changed from here, and what was tried. */
export function logChanges(logger: Logger): RequestHandler {
  return (request, response, next) => {
    if (changesState(request)) {
      const { method, originalUrl: path, ip: client } = request;
      response.once('finish', () => {
        const user = findVisitor(response)?.name;
        logger.info({ method, path, status: response.statusCode, client, user }, 'request');
      });
    }
    next();
  };
}

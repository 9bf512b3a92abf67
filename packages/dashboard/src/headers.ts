import type { RequestHandler } from 'express';
import helmet, { contentSecurityPolicy, strictTransportSecurity } from 'helmet';

/** Texts of jobs come from elsewhere: nothing but our own files is loaded or run, and nothing is sent anywhere else. */
const OUR_PAGES = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'form-action': ["'self'"],
  'base-uri': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** Bull Board’s page has a `<base>`, and styles within the page. */
const BOARD_PAGE = {
  ...OUR_PAGES,
  'style-src': ["'self'", "'unsafe-inline'"],
  'base-uri': ["'self'"],
};

const YEAR_SECONDS = 31_536_000;

const commonHeaders = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: OUR_PAGES },
  referrerPolicy: { policy: 'no-referrer' },
  frameguard: { action: 'deny' },
  strictTransportSecurity: false, // below: of the connection, not of every answer
});

/** For those who came over https: this host only, because its other names and subdomains are not ours to decide on. */
const stayOnHttps = strictTransportSecurity({ maxAge: YEAR_SECONDS, includeSubDomains: false });

/** Headers of every answer. Nothing is kept by browsers or proxies unless a route says so. */
export const setHeaders: RequestHandler = (request, response, next) => {
  response.set('Cache-Control', 'no-store');
  commonHeaders(request, response, (error?: unknown) => {
    if (error === undefined && request.secure) stayOnHttps(request, response, next);
    else next(error);
  });
};

/** Headers of Bull Board’s answers, in place of the stricter ones. */
export const setBoardPolicy: RequestHandler = contentSecurityPolicy({
  useDefaults: false,
  directives: BOARD_PAGE,
});

/** For files whose name has a hash of what they hold. */
export const KEEP_FOR_GOOD = `public, max-age=${YEAR_SECONDS}, immutable`;

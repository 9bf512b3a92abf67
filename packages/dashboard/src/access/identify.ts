import type { DashboardUser } from '@lance-offload/base';
import type { RequestHandler, Response } from 'express';
import { sessionIdOf } from './cookies.ts';
import type { Sessions } from './sessions.ts';
import { setVisitor } from './visitor.ts';

/** How often the session of an answer that goes on and on, such as a stream of events, is looked at again. */
const RECHECK_MS = 30_000;

export interface IdentifyOptions {
  /** Makes everybody a viewer. */
  readonly readOnly: boolean;
  readonly recheckMs?: number;
}

/** Cuts an answer off when its session has ended: a stream must not outlast the login it was opened with. */
function watch(id: string, sessions: Sessions, response: Response, recheckMs: number): void {
  const timer = setInterval(() => {
    sessions.isOn(id).then(
      (isOn) => isOn || response.destroy(),
      () => response.destroy(), // who it is for cannot be told any more
    );
  }, recheckMs).unref();
  response.once('close', () => clearInterval(timer));
}

/** Finds out who a request is from, by its session. Refuses nobody. */
export function identifyBySession(
  sessions: Sessions,
  { readOnly, recheckMs = RECHECK_MS }: IdentifyOptions,
): RequestHandler {
  const roleOf = ({ role }: DashboardUser) => (readOnly ? 'viewer' : role);
  return async (request, response, next) => {
    const id = sessionIdOf(request);
    const user = id === undefined ? undefined : await sessions.use(id);
    if (id !== undefined && user) {
      setVisitor(response, { name: user.name, role: roleOf(user) });
      watch(id, sessions, response, recheckMs);
    }
    next();
  };
}

/** Without users the dashboard is reached from this machine only, and whoever is there operates it. */
export function identifyAsLocal({ readOnly }: IdentifyOptions): RequestHandler {
  return (_request, response, next) => {
    setVisitor(response, { name: 'local', role: readOnly ? 'viewer' : 'operator' });
    next();
  };
}

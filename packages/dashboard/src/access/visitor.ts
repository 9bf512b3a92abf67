import type { DashboardUser } from '@lance-offload/base';
import type { Response } from 'express';

/** Who a request is from. */
export interface Visitor {
  /** The user’s name; `local` where the dashboard has no users. */
  readonly name: string;
  /** A viewer reads; an operator also changes. */
  readonly role: DashboardUser['role'];
}

const KEY = 'visitor';

export function setVisitor(response: Response, visitor: Visitor): void {
  response.locals[KEY] = visitor;
}

/** The visitor, or undefined before the login. */
export function findVisitor(response: Response): Visitor | undefined {
  const visitor: unknown = response.locals[KEY];
  return visitor as Visitor | undefined; // set above, and nowhere else
}

/** The visitor of a request behind the guards of `createAccess`; each of those has one. */
export function visitorOf(response: Response): Visitor {
  const visitor = findVisitor(response);
  if (!visitor) throw new Error('this route is not behind access.closed');
  return visitor;
}

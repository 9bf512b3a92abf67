import type { Request } from 'express';

/** A field of a form that was sent; empty where it is missing. */
export function fieldOf(request: Request, field: string): string {
  const body: unknown = request.body;
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined;
  return typeof value === 'string' ? value : '';
}

export const nameOf = (request: Request): string => fieldOf(request, 'name').trim();

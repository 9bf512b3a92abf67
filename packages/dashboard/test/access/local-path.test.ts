import { expect, test } from 'vitest';
import { localPath } from '../../src/access/local-path.ts';

test.for([
  ['/runs/documents-1?tab=pages#failed', '/runs/documents-1?tab=pages#failed'],
  ['/queues', '/queues'],
  ['/loginfoo', '/loginfoo'],
  ['', '/'],
  [undefined, '/'],
  [['/a', '/b'], '/'],
  ['queues', '/'],
  ['https://elsewhere.example/', '/'],
  ['//elsewhere.example', '/'],
  ['/\\elsewhere.example', '/'],
  ['/\t/elsewhere.example', '/'],
  ['/\n/elsewhere.example', '/'],
  ['/.//elsewhere.example', '/'],
  ['/a/..//elsewhere.example', '/'],
  ['javascript:alert(1)', '/'],
  ['/login?next=/login', '/'],
  ['/logout', '/'],
  ['/api/session', '/'],
] as const)('after a login %j leads to %s', ([next, path]) => {
  expect(localPath(next)).toBe(path);
});

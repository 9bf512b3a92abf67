import { hostname, userInfo } from 'node:os';

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a container's user may have no name
  }
}

/** Who runs this command, for those who find what it has done: `ann@worker-3`. */
export function operator(): string {
  return `${userName()}@${hostname()}`;
}

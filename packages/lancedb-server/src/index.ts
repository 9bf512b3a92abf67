export { startServer } from './server.ts';
export type { RunningServer, ServerOptions } from './server.ts';
export { UsageError } from './errors.ts';

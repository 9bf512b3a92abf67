/** Every code an operation can fail with. Adding one does not compile until it is classified below. */
export type OffloadErrorCode =
  | 'CONFIG_INVALID'
  | 'SOURCE_UNAUTHORIZED'
  | 'SOURCE_NOT_FOUND'
  | 'VERSION_GONE'
  | 'SOURCE_REJECTED'
  | 'SOURCE_RATE_LIMITED'
  | 'SOURCE_UNAVAILABLE'
  | 'SOURCE_BAD_BODY'
  | 'SOURCE_SHORT'
  | 'SCHEMA_MISMATCH'
  | 'TYPE_UNSUPPORTED'
  | 'KEY_NULL'
  | 'KEY_INEXACT'
  | 'AUDIT_FAILED'
  | 'LAKE_UNAVAILABLE'
  | 'LAKE_NOT_FOUND'
  | 'LAKE_TOO_NEW'
  | 'LAKE_CONFLICT'
  | 'REDIS_UNAVAILABLE'
  | 'REDIS_MISCONFIGURED'
  | 'RUN_OPEN'
  | 'RUN_OVERTAKEN'
  | 'RUN_NOT_FOUND'
  | 'RUN_CLOSED'
  | 'QUERY_FAILED'
  | 'INTERNAL';

/** What a worker does after a failure of this kind, and what an operator should know. */
export interface ErrorPolicy {
  /** `retry`: again with back-off; `pause`: the whole fleet waits, no attempt used up; `give-up`: fails at once. */
  readonly next: 'retry' | 'pause' | 'give-up';
  /** Exit code of a command that ends with it: 1 failure, 78 configuration (sysexits.h EX_CONFIG). */
  readonly exitCode: 1 | 78;
  readonly hint: string;
}

export const ERROR_POLICY = {
  CONFIG_INVALID: {
    next: 'give-up',
    exitCode: 78,
    hint: 'Correct the configuration; docs/configuration.md lists every option.',
  },
  SOURCE_UNAUTHORIZED: {
    next: 'give-up',
    exitCode: 1,
    hint: 'Check LANCEDB_API_KEY (revoked? spaces?) and that it belongs to this project; workers read it from their own environment.',
  },
  SOURCE_NOT_FOUND: {
    next: 'give-up',
    exitCode: 1,
    hint: 'Run `lance-offload tables` to see the names the project has.',
  },
  VERSION_GONE: {
    next: 'give-up',
    exitCode: 1,
    hint: 'The pinned version was cleaned up at the source, or the table was made anew; cancel this run and start a new one.',
  },
  SOURCE_REJECTED: {
    next: 'give-up',
    exitCode: 1,
    hint: 'The server refused the request; its words say why. After a fix at the source, retry the run.',
  },
  SOURCE_RATE_LIMITED: {
    next: 'pause',
    exitCode: 1,
    hint: 'The project is over its rate limit; the fleet waits and goes on. Where the limit is known, set connection.max_requests_per_second.',
  },
  SOURCE_UNAVAILABLE: {
    next: 'retry',
    exitCode: 1,
    hint: 'Check that the server is up and reachable from this machine; then retry the run.',
  },
  SOURCE_BAD_BODY: {
    next: 'retry',
    exitCode: 1,
    hint: 'The server answered with something else than was asked for; a proxy in between is the usual cause. Check connection.host, then retry the run.',
  },
  SOURCE_SHORT: {
    next: 'retry',
    exitCode: 1,
    hint: 'The server sends fewer rows than it counted. Retry the run; if it happens again, report it to the server’s operator.',
  },
  SCHEMA_MISMATCH: {
    next: 'give-up',
    exitCode: 1,
    hint: 'The columns are not those that were planned or that the lake has; exclude them with `columns`, or choose another `destination_table`.',
  },
  TYPE_UNSUPPORTED: { next: 'give-up', exitCode: 1, hint: 'Leave the column out with `columns`.' },
  KEY_NULL: {
    next: 'give-up',
    exitCode: 1,
    hint: 'Give these rows a key at the source, leave them out with filter_expression, or choose other primary_keys.',
  },
  KEY_INEXACT: {
    next: 'give-up',
    exitCode: 1,
    hint: 'Choose another column for primary_keys, sequence_by or cursor_field; at the source, a copy of the column as an integer or a text keeps all of its digits.',
  },
  AUDIT_FAILED: {
    next: 'retry',
    exitCode: 1,
    hint: 'The staged pages are not exactly the source’s rows; nothing was published. Cancel the run and start a new one.',
  },
  LAKE_UNAVAILABLE: {
    next: 'retry',
    exitCode: 1,
    hint: 'Check the lake folder’s permissions and free space, then retry the run.',
  },
  LAKE_NOT_FOUND: {
    next: 'give-up',
    exitCode: 1,
    hint: '`lance-offload status` lists the lake’s tables, `lance-offload history TABLE` the versions of one.',
  },
  LAKE_TOO_NEW: {
    next: 'give-up',
    exitCode: 1,
    hint: 'Upgrade lance-offload on this machine, or take the feature away with the tool that set it; nothing was changed.',
  },
  LAKE_CONFLICT: {
    next: 'retry',
    exitCode: 1,
    hint: 'Another writer keeps committing to this table; retry the run when it is quiet.',
  },
  REDIS_UNAVAILABLE: {
    next: 'retry',
    exitCode: 1,
    hint: 'Start Redis, or set REDIS_URL; `run --workers N` brings its own where none is configured.',
  },
  REDIS_MISCONFIGURED: {
    next: 'give-up',
    exitCode: 78,
    hint: 'Set `maxmemory-policy noeviction`: an evicting Redis loses jobs.',
  },
  RUN_OPEN: {
    next: 'give-up',
    exitCode: 1,
    hint: '`lance-offload status RUN` shows its state, and what you can do.',
  },
  RUN_OVERTAKEN: {
    next: 'give-up',
    exitCode: 1,
    hint: 'The lake has gone beyond this run, so its rows would come in twice or undo younger ones; cancel the run and start a new one.',
  },
  RUN_NOT_FOUND: {
    next: 'retry',
    exitCode: 1,
    hint: '`lance-offload status` lists the runs of this lake.',
  },
  RUN_CLOSED: {
    next: 'give-up',
    exitCode: 1,
    hint: 'The run has ended; start a new one with `lance-offload run`.',
  },
  QUERY_FAILED: {
    next: 'give-up',
    exitCode: 1,
    hint: 'The SQL is DuckDB’s; quote table names with "double quotes".',
  },
  INTERNAL: {
    next: 'retry',
    exitCode: 1,
    hint: 'This is a defect of lance-offload; please report it with the log.',
  },
} as const satisfies Record<OffloadErrorCode, ErrorPolicy>;

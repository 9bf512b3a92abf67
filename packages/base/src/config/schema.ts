import { z } from 'zod';
import { dashboardSchema } from './dashboard-options.ts';
import { timeZone } from './schedule.ts';
import { ingestionType, tableOptionsSchema, type TableOptions } from './table-options.ts';

const text = z.string().trim().min(1, 'must not be empty');
/** A path, or a `file://` address. */
const isFolder = (lake: string): boolean => !/^(?!file:)[A-Za-z][A-Za-z0-9+.-]+:\/\//i.test(lake);

const seconds = z.coerce.number().positive();

function isBareUrl(url: string): boolean {
  if (!URL.canParse(url)) return true; // reported by the check before this one
  const { username, password, search, hash } = new URL(url);
  return [username, password, search, hash].every((part) => part === '');
}

const connectionSchema = z
  .strictObject({
    api_key: text,
    project_name: text.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a project name, not a URL'),
    region: text.default('us-east-1'),
    host: z
      .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
      .refine(
        isBareUrl,
        'must be an http(s) URL without user name, password or query: it is kept in plans and logs',
      )
      .optional(),
    max_retries: z.coerce.number().int().min(0).max(100).default(5),
    initial_retry_delay: seconds.max(3600).default(1),
    request_timeout: seconds.max(86_400).default(30),
    max_requests_per_second: z.coerce.number().positive().max(1_000_000).optional(),
    externalOptionsAllowList: z.string().optional(),
  })
  .refine((connection) => !/\s/.test(connection.api_key), {
    path: ['api_key'],
    message: 'must not contain white space',
  });

/** `64 MiB`, `500kb` or a number of bytes. */
const byteSize = z.union([z.number(), z.string()]).transform((value, context) => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|kib|mib|gib)?\s*$/i.exec(String(value));
  const factors: Record<string, number> = {
    b: 1,
    kb: 1e3,
    mb: 1e6,
    gb: 1e9,
    kib: 2 ** 10,
    mib: 2 ** 20,
    gib: 2 ** 30,
  };
  const bytes = match ? Number(match[1]) * (factors[(match[2] ?? 'b').toLowerCase()] ?? 1) : Number.NaN;
  if (!(bytes >= 65_536 && bytes <= 2 ** 30)) {
    context.issues.push({
      code: 'custom',
      message: 'must be a size from 64 KiB to 1 GiB, such as 64MiB',
      input: value,
    });
    return z.NEVER;
  }
  return Math.floor(bytes);
});

/** Glob patterns over table names; a lone string is one. */
const patterns = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(text).min(1, 'must hold a pattern, such as "docs_*"'),
);

const DEFAULT_PAGE_BYTES = 64 * 2 ** 20;

/** The shape of offload.yaml (or JSON). Types of everything configurable derive from here. */
export const configSchema = z.strictObject({
  connection: connectionSchema,
  lake: text.refine(
    isFolder,
    'must be the path of a folder, or file:///path; buckets (s3:// and the like) are not supported',
  ),
  redis: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' }).optional(),
  queue_prefix: text.regex(/^[^:\s]+$/, 'must not contain colons or white space').default('{offload}'),
  ingestion_type: ingestionType.default('APPEND_ONLY'),
  page_bytes: byteSize.default(DEFAULT_PAGE_BYTES),
  schedule_timezone: timeZone.default('UTC'),
  dashboard: dashboardSchema.prefault({}),
  include: patterns.optional(),
  exclude: patterns.optional(),
  tables: z
    .record(z.string().min(1), z.union([tableOptionsSchema, z.null().transform((): TableOptions => ({}))]))
    .optional(),
});

export type ParsedConfig = z.output<typeof configSchema>;
export type Connection = ParsedConfig['connection'];

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { OffloadError } from '../errors/offload-error.ts';
import { plainWords } from './plain-words.ts';
import { problemLines } from './problems.ts';
import { configSchema, type Connection, type ParsedConfig } from './schema.ts';
import type { TableOptions } from './table-options.ts';
import { crossProblems } from './table-problems.ts';

/** The configuration as the rest of the program uses it: parsed, defaulted, paths absolute. */
export interface Config extends Omit<ParsedConfig, 'tables'> {
  readonly file: string;
  /** Options by source table name, in the file's order; `undefined` when every table of the project is meant. */
  readonly tables: ReadonlyMap<string, TableOptions> | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

// Private-use characters mark `${NAME}` through YAML parsing, so that a value needs no quoting and cannot inject YAML.
const OPEN = '\u{E000}';
const CLOSE = '\u{E001}';

function substitute(value: unknown, environment: Environment, missing: Set<string>): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(new RegExp(`${OPEN}(\\w+)${CLOSE}`, 'g'), (_, name: string) => {
      const found = environment[name];
      if (found === undefined || found === '') missing.add(name);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, environment, missing));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, substitute(item, environment, missing)]),
    );
  }
  return value;
}

function invalid(file: string, problems: readonly string[]): OffloadError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new OffloadError(
    'CONFIG_INVALID',
    `${count} in ${file}:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    {
      problems,
    },
  );
}

/** A YAML error's words up to where they quote the file, which may hold a secret. */
function withoutSource(message: string): string {
  const [words = ''] = message.split(/[:\n]/);
  return words.replace(/ at line \d+, column \d+$/, '');
}

/** The document as plain values. */
function valuesOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw invalid(file, [withoutSource(error instanceof Error ? error.message : String(error))]);
  }
}

async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const message = `No configuration: ${file} cannot be read. Create it (docs/configuration.md has an example), or name one with --config FILE.`;
    throw new OffloadError('CONFIG_INVALID', message, { path: file }, { cause: error });
  }
}

/**
 * Reads offload.yaml (or JSON). `${NAME}` in any value is taken from `environment`; `connection.api_key` falls back to
 * `LANCEDB_API_KEY`, and `REDIS_URL` goes before `redis`.
 *
 * @throws OffloadError `CONFIG_INVALID`, with every problem of the file in one message.
 */
export async function loadConfig(file: string, environment: Environment): Promise<Config> {
  const absolute = path.resolve(file);
  const source = await readConfigFile(absolute);
  const lines = new LineCounter();
  const document = parseDocument(source.replaceAll(/\$\{(\w+)\}/g, `${OPEN}$1${CLOSE}`), {
    lineCounter: lines,
  });
  if (document.errors.length > 0) {
    throw invalid(
      absolute,
      document.errors.map((error) => {
        const { line } = lines.linePos(error.pos[0]);
        return `line ${line}: ${withoutSource(error.message)}`;
      }),
    );
  }

  const missing = new Set<string>();
  const values = withEnvironment(substitute(valuesOf(document, absolute), environment, missing), environment);
  const parsed = configSchema.safeParse(values, { error: plainWords });
  const problems = [
    ...[...missing].map((name) => `\${${name}}: the environment variable is not set`),
    ...(parsed.success ? [] : problemLines(parsed.error)),
    ...crossProblems(values),
  ];
  if (problems.length > 0 || !parsed.success) throw invalid(absolute, problems);

  const { tables, lake, ...rest } = parsed.data;
  return {
    ...rest,
    file: absolute,
    lake: /^[A-Za-z][A-Za-z0-9+.-]+:\/\//.test(lake) ? lake : path.resolve(path.dirname(absolute), lake),
    tables: tables && new Map(Object.entries(tables)),
  };
}

function withEnvironment(values: unknown, environment: Environment): unknown {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return values;
  const config: Record<string, unknown> = { ...values };
  const connection = config['connection'];
  if (typeof connection === 'object' && connection !== null && !('api_key' in connection)) {
    config['connection'] = {
      ...connection,
      ...(environment['LANCEDB_API_KEY'] && { api_key: environment['LANCEDB_API_KEY'] }),
    };
  }
  if (environment['REDIS_URL']) config['redis'] = environment['REDIS_URL'];
  return config;
}

/** Where requests go; also names the source in plans, so it carries no credentials. */
export function sourceUrl(connection: Connection): string {
  if (connection.host) return connection.host.replace(/\/+$/, '');
  return `https://${connection.project_name}.${connection.region}.api.lancedb.com`;
}

import { startServer, type RunningServer, type ServerOptions } from '@lance-offload/lancedb-server';

type Intercept = NonNullable<ServerOptions['intercept']>;
type Response = Parameters<Intercept>[1];

/** A request to the LanceDB server, as the tests look at it. */
export interface SourceRequest {
  readonly table: string | undefined;
  /** `query`, `describe`, `count_rows`, …; `list` for the listing. */
  readonly operation: string;
  readonly offset: number | undefined;
  readonly body: unknown;
}

export type Match = (request: SourceRequest) => boolean;

/** Requests that are kept waiting. */
export interface Hold {
  /** Settles when so many requests are waiting. */
  waiting(count: number): Promise<void>;
  /** Lets them and all later ones through. */
  release(): void;
}

/** Requests that are answered with an error. */
export interface Refusal {
  /** From now on they are served. */
  heal(): void;
}

/** The answer the server has for a request, or for one that is like it; the headers may ask for another format. */
export type Genuine = (changes?: object, headers?: Readonly<Record<string, string>>) => Promise<Buffer>;

/** Answers a request in the server's place, as it should not be answered. */
export type Spoil = (response: Response, genuine: Genuine, request: SourceRequest) => unknown;

type Rule = (request: SourceRequest, response: Response, proceed: () => void, genuine: Genuine) => boolean;

/** Marks requests of the tests' own: they are neither noted nor spoilt. */
const GENUINE = 'x-e2e-genuine';

function describeRequest(request: Parameters<Intercept>[0]): SourceRequest {
  const [, table, operation] = /^\/v1\/table\/([^/]+)\/(.+?)\/?$/.exec(request.path) ?? [];
  const body: unknown = request.body;
  const offset =
    typeof body === 'object' && body !== null && 'offset' in body ? Number(body.offset) : undefined;
  return {
    table: table === undefined ? undefined : decodeURIComponent(table),
    operation: operation ?? 'list',
    offset,
    body,
  };
}

/** A LanceDB server that notes its requests, and whose faults the test decides. */
export class Source {
  readonly requests: SourceRequest[] = [];
  readonly #rules = new Set<Rule>();
  readonly #sockets = new Set<Response['socket']>();
  /** Sockets clients have sent requests over, and the most that were open at one time. */
  readonly sockets = { opened: 0, mostAtOnce: 0 };
  readonly #names: ReadonlyMap<string, string>;
  #server: RunningServer | undefined;

  /** `names` maps table names clients see to those the engine can hold; without it, the names are the engine's. */
  constructor(names: ReadonlyMap<string, string> = new Map()) {
    this.#names = names;
  }

  async start(options: Omit<ServerOptions, 'intercept'>): Promise<this> {
    this.#server = await startServer({ ...options, intercept: this.#intercept });
    return this;
  }

  get url(): string {
    if (!this.#server) throw new Error('the server is not started');
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  /** Queries for the rows of a table. */
  queries(table: string): SourceRequest[] {
    return this.requests.filter((request) => request.table === table && request.operation === 'query');
  }

  hold(match: Match): Hold {
    const held: (() => void)[] = [];
    const watchers = new Set<() => void>();
    const rule: Rule = (request, _response, proceed) => {
      if (!match(request)) return false;
      held.push(proceed);
      for (const watch of watchers) watch();
      return true;
    };
    this.#rules.add(rule);
    return {
      waiting: (count) =>
        new Promise((resolve) => {
          const watch = () => {
            if (held.length >= count) resolve();
          };
          watchers.add(watch);
          watch();
        }),
      release: () => {
        this.#rules.delete(rule);
        for (const proceed of held) proceed();
      },
    };
  }

  /** Answers requests with an error of the server's own words. */
  refuse(match: Match, status: number, words: string): Refusal {
    const rule: Rule = (request, response) => {
      if (!match(request)) return false;
      response.status(status).json({ code: status, error: words });
      return true;
    };
    this.#rules.add(rule);
    return { heal: () => void this.#rules.delete(rule) };
  }

  #noteSocket(socket: Response['socket']): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket?.once('close', () => this.#sockets.delete(socket));
    this.sockets.opened += 1;
    this.sockets.mostAtOnce = Math.max(this.sockets.mostAtOnce, this.#sockets.size);
  }

  /** Spoils the answers to requests: so many of them, or all until it heals. */
  spoil(match: Match, spoil: Spoil, times = Number.POSITIVE_INFINITY): Refusal {
    let left = times;
    const rule: Rule = (request, response, _proceed, genuine) => {
      if (left === 0 || !match(request)) return false;
      left -= 1;
      void spoil(response, genuine, request);
      return true;
    };
    this.#rules.add(rule);
    return { heal: () => void this.#rules.delete(rule) };
  }

  async #genuine(
    path: string,
    body: unknown,
    key: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Buffer> {
    const answer = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key, [GENUINE]: '1', ...headers },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}: ${await answer.text()}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  readonly #intercept: Intercept = (request, response, next) => {
    if (request.get(GENUINE) !== undefined) return next();
    const known = describeRequest(request);
    const genuine: Genuine = (changes = {}, headers = {}) =>
      this.#genuine(
        request.path,
        { ...(known.body as object), ...changes },
        request.get('x-api-key') ?? '',
        headers,
      );
    this.requests.push(known);
    this.#noteSocket(response.socket);
    for (const rule of this.#rules) if (rule(known, response, next, genuine)) return;
    if (this.#names.size === 0) {
      next();
    } else if (known.operation === 'list') {
      response.json({ tables: [...this.#names.keys()] });
    } else {
      request.url = `/v1/table/${this.#names.get(known.table ?? '') ?? 'absent'}/${known.operation}`;
      next();
    }
  };
}

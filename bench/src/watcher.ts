import { startService, type Service } from './processes.ts';

interface OverviewFigures {
  readonly fleet: { readonly rowsPerSecondMinute: number };
}

/** A dashboard, and somebody who has its overview open. */
export class Watcher {
  readonly #service: Service;
  readonly #url: string;
  readonly #closing = new AbortController();
  readonly #reading: Promise<void>;

  private constructor(service: Service, url: string, stream: ReadableStream<Uint8Array>) {
    this.#service = service;
    this.#url = url;
    this.#reading = this.#read(stream);
  }

  static async start(config: string, env: Record<string, string>): Promise<Watcher> {
    const args = ['--config', config, '--port', '0'];
    const service = await startService('lance-dashboard', args, 'listening on', env);
    const url = /http:\/\/[^/\s]+/.exec(service.ready)?.[0] ?? '';
    const response = await fetch(`${url}/api/events?topic=overview`);
    if (!response.ok || !response.body) throw new Error(`the dashboard answers ${response.status}`);
    return new Watcher(service, url, response.body);
  }

  get pid(): number {
    return this.#service.pid;
  }

  async overview(): Promise<OverviewFigures> {
    const response = await fetch(`${this.#url}/api/overview`);
    return (await response.json()) as OverviewFigures;
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
    await this.#service.stop();
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const sink = new WritableStream<Uint8Array>();
    await stream.pipeTo(sink, { signal: this.#closing.signal }).catch(() => undefined); // it ends when we stop
  }
}

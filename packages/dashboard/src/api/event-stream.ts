import type { Response } from 'express';

/** A third of the silence after which a page takes the connection for dead. */
const KEEP_ALIVE_MS = 5000;
const RETRY_MS = 2000;
const ALIVE = 'event: alive\ndata: {}\n\n';

/** An answer of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export class EventStream {
  readonly #response: Response;
  readonly #timer: NodeJS.Timeout;
  #full = false;

  constructor(response: Response) {
    this.#response = response;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.on('drain', () => {
      this.#full = false;
    });
    // An event rather than a comment: pages, too, find out by silence that a connection is dead. And at once: headers
    // alone may come from a proxy that has nothing behind it.
    this.#write(`retry: ${RETRY_MS}\n\n${ALIVE}`);
    // A client that has taken nothing since the last one needs no sign of life, and gets no more to keep for it.
    this.#timer = setInterval(() => this.#full || this.#write(ALIVE), KEEP_ALIVE_MS).unref();
    response.once('close', () => clearInterval(this.#timer));
  }

  /** Sends an event. Returns false where the client is behind, and nothing was sent. */
  send(event: string, data: unknown): boolean {
    if (this.#full) return false;
    this.sendAnyway(event, data);
    return true;
  }

  /** Sends a small event that must not be missed. */
  sendAnyway(event: string, data: unknown): void {
    this.#write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  onClose(listener: () => void): void {
    this.#response.once('close', listener);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#full = !this.#response.write(text);
  }
}

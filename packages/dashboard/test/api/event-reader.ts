/** A server-sent event, its data parsed. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

function parseEvent(block: string): StreamEvent | undefined {
  const lines = block.split('\n');
  const event = lines.find((line) => line.startsWith('event: '))?.slice(7);
  const data = lines.find((line) => line.startsWith('data: '))?.slice(6);
  return event === undefined || data === undefined ? undefined : { event, data: JSON.parse(data) as unknown };
}

/** Follows a stream of the API as a browser does, but for connecting again. */
export class EventReader {
  readonly response: Response;
  readonly #stop: AbortController;
  readonly #events: AsyncGenerator<StreamEvent>;
  /** What came before the first event. */
  preamble = '';

  private constructor(response: Response, stop: AbortController) {
    this.response = response;
    this.#stop = stop;
    this.#events = this.#read();
  }

  static async open(url: string): Promise<EventReader> {
    const stop = new AbortController();
    return new EventReader(await fetch(url, { signal: stop.signal }), stop);
  }

  /** The next event; undefined where the stream has ended. */
  async next(): Promise<StreamEvent | undefined> {
    const { value, done } = await this.#events.next();
    return done === true ? undefined : value;
  }

  /** The next event of a kind that fits; others are passed over. */
  async until<Data>(event: string, fits: (data: Data) => boolean = () => true): Promise<Data> {
    for (;;) {
      const next = await this.next();
      if (!next) throw new Error(`the stream ended before ${event}`);
      if (next.event === event && fits(next.data as Data)) return next.data as Data;
    }
  }

  close(): void {
    this.#stop.abort();
  }

  async *#read(): AsyncGenerator<StreamEvent> {
    if (!this.response.body) return;
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of this.response.body) {
      text += decoder.decode(bytes, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
        else this.preamble += `${block}\n`;
      }
    }
  }
}

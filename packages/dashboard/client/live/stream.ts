/** How the connection to the dashboard stands. */
export type Connection = 'connecting' | 'live' | 'reconnecting';

export interface StreamEvents {
  /** Called for every event of these names, with its data. */
  readonly on: Readonly<Record<string, (data: unknown) => void>>;
  readonly onConnection: (connection: Connection) => void;
  /** The stream was refused or broke off: the session may have ended. */
  readonly onBreak: () => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** A connection that died without a word (a laptop that slept) is found out by its silence: three signs of life are missing. */
const SILENCE_MS = 15_000;
/** A tab nobody sees lets its connection go: a browser has only six for a host. */
const HIDDEN_MS = 30_000;

/** Milliseconds to wait before the attempt after `failed` ones; `chance` in [0, 1) keeps many pages from coming at once. */
export function waitBefore(failed: number, chance: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** failed, LONGEST_WAIT_MS) * (0.75 + chance / 2);
}

/**
 * A stream of server-sent events that comes back by itself, however it ended. Each new connection starts with the whole
 * state, so nothing is lost in between.
 */
export class LiveStream {
  readonly #url: string;
  readonly #events: StreamEvents;
  #source: EventSource | undefined;
  #failed = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #hidden: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, events: StreamEvents) {
    this.#url = url;
    this.#events = events;
    document.addEventListener('visibilitychange', this.#onVisibility);
    addEventListener('online', this.#reopen);
    events.onConnection('connecting');
    this.#open();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    removeEventListener('online', this.#reopen);
    clearTimeout(this.#hidden);
    this.#drop();
  }

  #open(): void {
    const source = new EventSource(this.#url);
    this.#source = source;
    source.addEventListener('alive', () => this.#heard());
    source.addEventListener('error', () => this.#broke());
    for (const [name, handle] of Object.entries(this.#events.on)) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        this.#heard();
        handle(JSON.parse(event.data));
      });
    }
    this.#awaitWord();
  }

  #drop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = undefined;
  }

  #heard(): void {
    this.#failed = 0;
    this.#events.onConnection('live');
    this.#awaitWord();
  }

  #awaitWord(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#fellSilent(), SILENCE_MS);
  }

  #broke(): void {
    this.#drop();
    this.#events.onConnection('reconnecting');
    this.#events.onBreak();
    this.#retry = setTimeout(() => this.#open(), waitBefore(this.#failed, Math.random()));
    this.#failed += 1;
  }

  #fellSilent(): void {
    this.#events.onConnection('reconnecting');
    this.#events.onBreak();
    this.#reopen();
  }

  readonly #reopen = (): void => {
    this.#drop();
    this.#open();
  };

  readonly #onVisibility = (): void => {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.#drop(), HIDDEN_MS);
    else if (this.#source === undefined) this.#reopen();
  };
}

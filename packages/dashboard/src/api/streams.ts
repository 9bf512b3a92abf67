import type { Response } from 'express';
import type { Overview, OverviewPatch } from './answers.ts';
import { ApiError } from './api-error.ts';
import { EventStream } from './event-stream.ts';
import type { Feed } from './feed.ts';
import { diffOverviews } from './overview-diff.ts';
import type { RedisWatch } from './redis-watch.ts';

/** What a stream shows at once is no older than this. */
const FRESH_MS = 2500;

export interface StreamDeps {
  readonly watch: RedisWatch;
  readonly maxStreams: number;
}

/** Sends a value of a feed to a stream, given the one before it. Returns false where the client is behind. */
type Send<Value> = (stream: EventStream, value: Value, previous: Value | undefined) => boolean;

/** The streams that are open. */
export class Streams {
  readonly #deps: StreamDeps;
  readonly #open = new Set<EventStream>();
  #closed = false;

  constructor(deps: StreamDeps) {
    this.#deps = deps;
  }

  /**
   * Opens a stream that follows a feed.
   *
   * @param onEnd - when it has ended, for whatever reason.
   * @throws ApiError 503 where there are too many.
   */
  follow<Value>(response: Response, feed: Feed<Value>, send: Send<Value>, onEnd?: () => void): void {
    if (this.#closed || this.#open.size >= this.#deps.maxStreams) {
      onEnd?.();
      const message = `The dashboard serves no more than ${this.#deps.maxStreams} live views at a time; close some.`;
      throw new ApiError(503, 'TOO_MANY_STREAMS', message);
    }
    const stream = new EventStream(response);
    this.#open.add(stream);
    const ends = [
      this.#tellStatus(stream),
      followFeed(stream, feed, send),
      () => this.#open.delete(stream),
      () => onEnd?.(),
    ];
    stream.onClose(() => {
      for (const end of ends) end();
    });
  }

  /** Ends all, and takes no more. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#open) stream.end();
  }

  #tellStatus(stream: EventStream): () => void {
    const { watch } = this.#deps;
    const tell = (): void => stream.sendAnyway('status', watch.status);
    if (watch.status.redis === 'lost') tell();
    return watch.onChange(tell);
  }
}

function followFeed<Value>(stream: EventStream, feed: Feed<Value>, send: Send<Value>): () => void {
  let sent: Value | undefined;
  const offer = (value: Value, previous?: Value): void => {
    if (value === sent) return;
    // Without having got the one before it, the client needs the whole.
    const base = previous !== undefined && previous === sent ? previous : undefined;
    if (send(stream, value, base)) sent = value;
  };
  const stop = feed.subscribe(offer);
  feed.get(FRESH_MS).then(
    (value) => offer(value),
    () => undefined, // it comes with the next tick
  );
  return stop;
}

/** Patches are made once for all who get them. */
const patches = new WeakMap<Overview, { readonly before: Overview; readonly patch: OverviewPatch }>();

function patchBetween(before: Overview, after: Overview): OverviewPatch {
  const known = patches.get(after);
  if (known?.before === before) return known.patch;
  const patch = diffOverviews(before, after);
  patches.set(after, { before, patch });
  return patch;
}

export const sendOverview: Send<Overview> = (stream, value, previous) =>
  previous === undefined
    ? stream.send('snapshot', value)
    : stream.send('patch', patchBetween(previous, value));

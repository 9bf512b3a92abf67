import { Router, type Request, type Response } from 'express';
import type { RunDetail } from './run-answers.ts';
import { handleAsync } from './api-error.ts';
import { isSameBut, TICK_MS, type ApiContext } from './api-context.ts';
import { Feed } from './feed.ts';
import { findRecord } from './find-record.ts';
import { parseInput, streamQuery } from './inputs.ts';
import { runDetail } from './run-detail.ts';
import { sendOverview } from './streams.ts';

/** A feed of each run that is followed. */
class RunFeeds {
  readonly #context: ApiContext;
  readonly #feeds = new Map<string, Feed<RunDetail>>();

  constructor(context: ApiContext) {
    this.#context = context;
  }

  of(runId: string): Feed<RunDetail> {
    const { state, fleet, watch, logger, freshMs } = this.#context;
    const feed =
      this.#feeds.get(runId) ??
      new Feed({
        intervalMs: TICK_MS,
        watch,
        logger,
        isSame: isSameBut,
        read: async () => {
          await state.refresh(freshMs);
          return runDetail(await findRecord(runId, state, fleet), this.#context);
        },
      });
    this.#feeds.set(runId, feed);
    return feed;
  }

  /** One has gone: the last one takes the feed along. */
  leave(runId: string): void {
    const feed = this.#feeds.get(runId);
    if (!feed || feed.listeners > 0) return;
    feed.close();
    this.#feeds.delete(runId);
  }
}

/** What is followed as it changes. */
export function streamRoutes(context: ApiContext): Router {
  const { streams, overview, failures, watch, state, fleet } = context;
  const runs = new RunFeeds(context);
  const router = Router();
  const follow = async (request: Request, response: Response): Promise<void> => {
    const query = parseInput(streamQuery, request.query, 'query');
    if (query.topic === 'overview') {
      streams.follow(response, overview, sendOverview);
      return;
    }
    if (query.topic === 'failures') {
      streams.follow(response, failures, (stream, value) => stream.send('failures', value));
      return;
    }
    const { run: runId } = query;
    // While Redis is away nobody knows; the stream says so, and goes on when it is back.
    if (watch.status.redis === 'ok') await watch.within(() => findRecord(runId, state, fleet));
    streams.follow(
      response,
      runs.of(runId),
      (stream, value) => stream.send('run', value),
      () => runs.leave(runId),
    );
  };
  router.get('/events', handleAsync(follow));
  return router;
}

import { useEffect, useState } from 'preact/hooks';
import { read, RequestError } from '../request.ts';
import { checkSession, setTopic as setConnection } from './fleet.ts';
import { LiveStream } from './stream.ts';

export interface Topic<Data> {
  readonly data: Data | null;
  readonly error: RequestError | null;
}

/** Reads `path` once, and follows the event `name` of `stream` from then on. */
export function useTopic<Data>(path: string, stream: string, name: string): Topic<Data> {
  const [topic, setTopic] = useState<Topic<Data>>({ data: null, error: null });
  useEffect(() => {
    const ended = new AbortController();
    setTopic({ data: null, error: null });
    const show = (data: Data): void => {
      if (!ended.signal.aborted) setTopic({ data, error: null });
    };
    read<Data>(path, ended.signal)
      .then(show)
      .catch((error: unknown) => {
        if (error instanceof RequestError) setTopic((before) => ({ ...before, error }));
      });
    const live = new LiveStream(stream, {
      on: { [name]: (data) => show(data as Data) },
      onConnection: setConnection,
      onBreak: checkSession,
    });
    return () => {
      ended.abort();
      live.close();
      setConnection(null);
    };
  }, [path, stream, name]);
  return topic;
}

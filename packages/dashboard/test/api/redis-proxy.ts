import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to Redis that can be cut, made silent, and mended. */
export class RedisProxy {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #silent = false;

  private constructor(redisUrl: string) {
    this.#target = new URL(redisUrl);
  }

  static async start(redisUrl: string): Promise<RedisProxy> {
    const proxy = new RedisProxy(redisUrl);
    await proxy.mend();
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Nobody is there any more. */
  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /** Connections stay, and nothing comes back. */
  silence(): void {
    this.#silent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  async mend(): Promise<void> {
    if (this.#silent) {
      this.#silent = false;
      for (const socket of this.#sockets) socket.resume();
      return;
    }
    this.#server = createServer((client) => {
      const redis = connect(Number(this.#target.port), this.#target.hostname);
      for (const socket of [client, redis]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined); // it was cut
      }
      client.on('data', (data) => redis.write(data));
      redis.on('data', (data) => client.write(data));
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    this.#port = address.port;
  }
}

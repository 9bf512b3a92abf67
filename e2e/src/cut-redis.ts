import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to Redis that ends in the middle of a command: what came before a given text is carried out, the rest never. */
export class CutRedis {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  readonly #text: string;
  #tellCut: () => void = () => undefined;
  #isCut = false;
  /** Settles when the text was to be sent. */
  readonly cut = new Promise<void>((resolve) => {
    this.#tellCut = resolve;
  });

  private constructor(redisUrl: string, text: string) {
    this.#text = text;
    const { hostname, port } = new URL(redisUrl);
    this.#server = createServer((client) => {
      const redis = connect(Number(port), hostname);
      for (const socket of [client, redis]) socket.on('error', () => undefined); // the other end was killed
      this.#sockets.push(client, redis);
      redis.pipe(client);
      this.#forward(client, redis);
    });
  }

  static async start(redisUrl: string, text: string): Promise<CutRedis> {
    const way = new CutRedis(redisUrl, text);
    way.#server.listen(0, '127.0.0.1');
    await once(way.#server, 'listening');
    return way;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `redis://127.0.0.1:${address.port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #forward(client: Socket, redis: Socket): void {
    let before = '';
    client.setEncoding('latin1').on('data', (data: string) => {
      if (this.#isCut) return;
      const found = (before + data).indexOf(this.#text);
      this.#isCut = found !== -1;
      redis.write(this.#isCut ? data.slice(0, Math.max(0, found - before.length)) : data, 'latin1');
      before = data.slice(-this.#text.length);
      if (this.#isCut) this.#tellCut();
    });
  }
}

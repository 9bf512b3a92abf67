import type { DashboardSettings, DashboardUser } from '@lance-offload/base';
import type { Redis } from 'ioredis';
import { randomText, sha256 } from './secret-text.ts';

/** Unused, a session ends after this part of its longest life: two hours of twelve. */
const IDLE_PART = 1 / 6;
const HOUR_MS = 3_600_000;

interface SessionEntry {
  readonly user: string;
  /** Of the user’s password hash: a new password ends the sessions of the old one. */
  readonly credential: string;
  readonly loggedInAtMs: number;
}

export interface SessionDeps {
  readonly redis: Redis;
  readonly prefix: string;
  readonly settings: DashboardSettings;
}

function credentialOf(user: DashboardUser): string {
  return sha256(user.password_hash).toString('base64url');
}

function parseEntry(text: string): SessionEntry {
  return JSON.parse(text) as SessionEntry; // written below, and nowhere else
}

/**
 * Logins, kept in Redis so that they outlast the dashboard’s process. Redis knows a session by the SHA-256 of its id: who
 * reads Redis cannot log in with what is there.
 */
export class Sessions {
  readonly #deps: SessionDeps;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  get longestMs(): number {
    return this.#deps.settings.session_hours * HOUR_MS;
  }

  /** Starts a session, and returns its id: a secret for the user’s browser only. */
  async start(user: DashboardUser): Promise<string> {
    const id = randomText();
    const entry: SessionEntry = {
      user: user.name,
      credential: credentialOf(user),
      loggedInAtMs: Date.now(),
    };
    await this.#deps.redis.set(this.#key(id), JSON.stringify(entry), 'PX', this.#idleMs);
    return id;
  }

  /** The user whose session it is, which thereby goes on; undefined where it has ended, or the user is gone. */
  async use(id: string): Promise<DashboardUser | undefined> {
    const key = this.#key(id);
    const text = await this.#deps.redis.getex(key, 'PX', this.#idleMs);
    const user = text === null ? undefined : this.#userOf(parseEntry(text));
    if (text !== null && !user) await this.#deps.redis.del(key);
    return user;
  }

  /** Whether a session is still on. To look does not prolong it. */
  async isOn(id: string): Promise<boolean> {
    const text = await this.#deps.redis.get(this.#key(id));
    return text !== null && this.#userOf(parseEntry(text)) !== undefined;
  }

  async end(id: string): Promise<void> {
    await this.#deps.redis.del(this.#key(id));
  }

  get #idleMs(): number {
    return Math.ceil(this.longestMs * IDLE_PART);
  }

  #key(id: string): string {
    return `${this.#deps.prefix}:session:${sha256(id).toString('hex')}`;
  }

  #userOf({ user: name, credential, loggedInAtMs }: SessionEntry): DashboardUser | undefined {
    if (Date.now() >= loggedInAtMs + this.longestMs) return undefined;
    const user = this.#deps.settings.users.find((one) => one.name === name);
    return user && credentialOf(user) === credential ? user : undefined;
  }
}

import { parseSetCookie, type SetCookie } from 'cookie';
import { requestWith, type Answer } from './request-with.ts';

type Headers = Readonly<Record<string, string>>;

const FORM = 'application/x-www-form-urlencoded';

/** What of a browser the guards see: it keeps cookies, and its scripts send the token back. Follows no redirect. */
export class Browser {
  readonly #url: string;
  readonly cookies = new Map<string, SetCookie>();

  constructor(url: string) {
    this.#url = url;
  }

  /** Without a token. */
  async request(method: string, path: string, headers: Headers = {}, body = ''): Promise<Answer> {
    const kept = [...this.cookies.values()].map(({ name, value = '' }) => `${name}=${value}`);
    const own = kept.length === 0 ? {} : { cookie: kept.join('; ') };
    const answer = await requestWith(method, `${this.#url}${path}`, { ...own, ...headers }, body);
    for (const line of answer.headers['set-cookie'] ?? []) {
      const cookie = parseSetCookie(line);
      if (cookie.maxAge === 0) this.cookies.delete(cookie.name);
      else this.cookies.set(cookie.name, cookie);
    }
    return answer;
  }

  /** A change as a script of the page makes it. */
  change(method: string, path: string, body: object = {}, headers: Headers = {}): Promise<Answer> {
    const sent = { 'content-type': 'application/json', 'x-xsrf-token': this.token, ...headers };
    return this.request(method, path, sent, method === 'GET' ? '' : JSON.stringify(body));
  }

  /** A form that is sent. */
  send(path: string, fields: Readonly<Record<string, string>>, headers: Headers = {}): Promise<Answer> {
    const body = new URLSearchParams({ _csrf: this.token, ...fields }).toString();
    return this.request('POST', path, { 'content-type': FORM, ...headers }, body);
  }

  /** Opens the page, so that the browser has its token, and logs in. */
  async logIn(name: string, password: string, next = '/'): Promise<Answer> {
    await this.request('GET', '/login');
    return this.send('/login', { name, password, next });
  }

  get token(): string {
    return this.cookies.get('XSRF-TOKEN')?.value ?? '';
  }
}

/** A browser that has opened a page of a dashboard without users. */
export async function openBrowser(url: string): Promise<Browser> {
  const browser = new Browser(url);
  await browser.request('GET', '/api/session');
  return browser;
}

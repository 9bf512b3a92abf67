import { ExpressAdapter } from '@bull-board/express';
import type { AppViewRoute } from '@bull-board/api/typings/app';
import express, { type Express } from 'express';
import { KEEP_FOR_GOOD } from './headers.ts';

const HASHED_NAME = /\.[0-9a-f]{8,}\.(?:js|css)$/;

/** The page asks a font service of another company for its letters; it has others to fall back on. */
function withoutRemoteFonts(html: string): string {
  return html.replaceAll(/<link href="https:\/\/fonts\.[^>]*>\s*/g, '');
}

/** Serves Bull Board as its own adapter does, but for what its page would load from elsewhere, and for caching. */
export class BoardServer extends ExpressAdapter {
  override setStaticPath(staticsRoute: string, staticsPath: string): this {
    const serve = express.static(staticsPath, {
      setHeaders: (response, file) => {
        response.setHeader('Cache-Control', HASHED_NAME.test(file) ? KEEP_FOR_GOOD : 'no-cache');
      },
    });
    this.app.use(staticsRoute, serve);
    return this;
  }

  override setEntryRoute(entry: AppViewRoute): this {
    this.app[entry.method](entry.route, (_request, response, next) => {
      const { name, params } = entry.handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: Error | null, html: string) => {
        if (error) next(error);
        else response.send(withoutRemoteFonts(html));
      });
    });
    return this;
  }

  get board(): Express {
    this.app.disable('x-powered-by');
    return this.app;
  }
}

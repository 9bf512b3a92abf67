import type { Express } from 'express';

export interface ListedRoute {
  /** In capitals. */
  readonly method: string;
  /** As the router has it, with the paths of all routers above: `/queues/api/queues/:queueName/pause`. */
  readonly path: string;
}

type Paths = string | RegExp | readonly (string | RegExp)[];

/** What Express 5 keeps of `use` and of routes. Not documented, and so looked at with care. */
interface Layer {
  readonly name: string;
  readonly rawPath: Paths;
  readonly handle: { readonly stack?: Layer[]; readonly router?: { readonly stack: Layer[] } };
  readonly route?: {
    readonly path: Paths;
    readonly methods: Readonly<Record<string, boolean>>;
  };
}

function textsOf(paths: Paths): string[] {
  return [paths].flat().map((path) => {
    if (typeof path !== 'string') throw new Error(`${String(path)}: give routes paths that can be read`);
    return path;
  });
}

const join = (above: string, path: string): string => `${above}${path === '/' ? '' : path}` || '/';

function routesOf(layer: Layer, above: string): ListedRoute[] {
  if (layer.name === 'mounted_app') {
    throw new Error(
      `the app mounted at ${above || '/'} hides its routes; mount it in a router: Router().use(app)`,
    );
  }
  if (layer.route) {
    const methods = Object.keys(layer.route.methods).map((method) => method.toUpperCase());
    if (methods.includes('_ALL'))
      throw new Error(`${String(layer.route.path)}: name the methods, rather than all`);
    return textsOf(layer.route.path).flatMap((path) =>
      methods.map((method) => ({ method, path: join(above, path) })),
    );
  }
  const nested = layer.handle.stack ?? layer.handle.router?.stack;
  return textsOf(layer.rawPath).flatMap((path) => {
    const here = join(above, path);
    if (nested) return nested.flatMap((one) => routesOf(one, here === '/' ? '' : here));
    if (layer.name === 'serveStatic')
      return [{ method: 'GET', path: `${above}${path}/*file`.replaceAll('//', '/') }];
    // A handler for every method below a path; one for every path is a guard.
    return path === '/' ? [] : [{ method: 'GET', path: here }];
  });
}

/** Every route of an app, each once: those of nested routers too, and of apps mounted in them. */
export function listRoutes(express: Express): ListedRoute[] {
  const { stack } = express.router as unknown as { stack: Layer[] };
  const found = stack.flatMap((layer) => routesOf(layer, ''));
  return [...new Map(found.map((route) => [`${route.method} ${route.path}`, route])).values()];
}

// Which package may import which; `npm run check` is red on an import that runs up, and on a circle between files.

/** From the ground up. Packages of one layer do not import each other. */
const LAYERS = [
  ['base'],
  ['lancedb', 'delta'],
  ['core'],
  ['verify', 'fleet'],
  ['producer', 'worker', 'dashboard'],
];

/** Stands alone: it imports no other package, and none imports it. */
const ALONE = ['lancedb-server'];

/** Tests that have several processes play together: they take the producer's planner beside the workers. */
const PLAYED_BY_ALL = '^packages/worker/test/stops/';

/** By path, or by a name that leads nowhere. */
const anyOf = (names) => `^(packages|@lance-offload)/(${names.join('|')})(/|$)`;

const layerRules = LAYERS.flatMap((layer, index) =>
  layer.map((name) => ({
    name: `${name}-imports-only-what-lies-below`,
    severity: 'error',
    comment: `A package imports from the layers below its own: ${LAYERS.map((names) => names.join(', ')).join(' < ')}.`,
    from: { path: anyOf([name]), pathNot: PLAYED_BY_ALL },
    to: {
      path: anyOf([
        ...LAYERS.slice(index)
          .flat()
          .filter((other) => other !== name),
        ...ALONE,
      ]),
    },
  })),
);

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layerRules,
    {
      name: 'lancedb-server-stands-alone',
      severity: 'error',
      from: { path: anyOf(ALONE) },
      to: { path: anyOf(LAYERS.flat()) },
    },
    {
      name: 'no-circle-between-files',
      severity: 'error',
      comment: 'Types count, too: move what both need into a file of its own.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'by-its-name',
      severity: 'error',
      comment: 'The product imports another package by its name, through its index.ts or transform.ts.',
      from: { path: '^packages/([^/]+)/(src|client)/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', '^packages/[^/]+/src/(index|transform)\\.ts$'] },
    },
    {
      name: 'threads-stay-light',
      severity: 'error',
      comment: 'Each thread of a worker loads this file with all it imports.',
      from: { path: '^packages/core/src/transform\\.ts$' },
      to: { path: '^packages/[^/]+/src/index\\.ts$', reachable: true },
    },
    {
      name: 'to-be-found',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|bundle)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['dev', 'types', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};

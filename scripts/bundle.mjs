// Packs each command with all the JavaScript it is made of into a few files: Node loads some 1,500 modules otherwise, and
// a command takes three times the time to start. What is native or WebAssembly stays where it was installed.
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

const root = path.resolve(import.meta.dirname, '..');
const packages = path.join(root, 'packages');

/** Packages with files of their own that they look for beside their code. */
const EXTERNAL = [
  /^@duckdb\/node-api$/,
  /^piscina$/,
  /^lz4-napi$/,
  /^parquet-wasm(?:\/|$)/,
  /^roaring-wasm$/,
];

/** A command's package, and its entries: the command, and the threads that it starts. */
const BUNDLES = {
  producer: ['producer/dist/main.js', 'verify/dist/hash-thread.js'],
  worker: ['worker/dist/main.js', 'worker/dist/transform-thread.js'],
};

function newestInput() {
  const built = readdirSync(packages)
    .map((name) => path.join(packages, name, 'dist'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true })
        .filter((file) => file.endsWith('.js') && !file.startsWith('client/'))
        .map((file) => path.join(folder, file)),
    );
  const inputs = [...built, path.join(root, 'pnpm-lock.yaml'), import.meta.filename];
  return Math.max(...inputs.map((file) => statSync(file).mtimeMs));
}

const newest = newestInput();
for (const [name, entries] of Object.entries(BUNDLES)) {
  const dir = path.join(packages, name, 'bundle');
  const main = path.join(dir, 'main.js');
  if (existsSync(main) && statSync(main).mtimeMs > newest) continue;
  const input = Object.fromEntries(
    entries.map((entry) => [path.basename(entry, '.js'), path.join(packages, entry)]),
  );
  const bundle = await rolldown({ input, platform: 'node', external: EXTERNAL });
  const unfinished = `${dir}.unfinished`;
  for (const folder of [dir, unfinished]) rmSync(folder, { recursive: true, force: true });
  await bundle.write({
    dir: unfinished,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    banner: 'const __dirname = import.meta.dirname;', // CommonJS modules among them ask for it
  });
  await bundle.close();
  renameSync(unfinished, dir); // all of it or none, whenever this is stopped
}

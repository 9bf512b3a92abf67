// Every link from one file of the documentation to another leads to a file that is there, and to a heading in it; every path that
// is named (`core/src/merge`, `packages/core/src/index.ts`) is there as well.
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDERS = globSync('*', { exclude: ['node_modules'] }).join('|');
const PACKAGES = globSync('*', { cwd: 'packages' }).join('|');
const PATH = new RegExp(`\`((?:${FOLDERS}|${PACKAGES})/[a-z0-9./_-]*[a-z0-9])\``, 'g');
const LINK = /\]\(([^()\s]+)\)/g;

/** Code is no link. */
const proseOf = (file) =>
  readFileSync(file, 'utf8')
    .replaceAll(/^```[^]*?^```/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');

/** What GitHub calls a heading in an address. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsIn = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading.trim()));

/** Paths in a file's text that lead nowhere, from the root or from `packages`. */
const lostPaths = (file) =>
  [...readFileSync(file, 'utf8').matchAll(PATH)]
    .map(([, named]) => named)
    .filter(
      (named) =>
        !existsSync(named) &&
        !existsSync(path.join('packages', named)) &&
        !/(^|\/)(dist|bundle)\//.test(named),
    );

const files = globSync(['*.md', '{docs,packages,interop,examples,bench,e2e}/**/*.md'], {
  exclude: (name) => name === 'node_modules' || name === 'dist',
});
let dead = 0;
for (const file of files) {
  for (const lost of lostPaths(file)) {
    dead += 1;
    console.error(
      `${file} names ${lost}, which is not there: correct the path (${path.basename(import.meta.filename)})`,
    );
  }
  for (const [, link] of proseOf(file).matchAll(LINK)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [target, anchor] = link.split('#');
    const there = target === '' ? file : path.join(path.dirname(file), decodeURI(target));
    const found = existsSync(there) && (anchor === undefined || anchorsIn(there).includes(anchor));
    if (found) continue;
    dead += 1;
    console.error(
      `${file} links to ${link}, which is not there: correct the link (${path.basename(import.meta.filename)})`,
    );
  }
}
process.exit(dead === 0 ? 0 : 1);

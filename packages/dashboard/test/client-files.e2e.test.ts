import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { clientFiles, pageNotFound } from '../src/client-files.ts';
import { setHeaders } from '../src/headers.ts';
import { listen } from '../src/listen.ts';

const BUILT = path.resolve(import.meta.dirname, '../dist/client');
const assets = readdirSync(path.join(BUILT, 'assets')).map((name) => path.join('assets', name));

async function serve(folder?: string): Promise<string> {
  const server = await listen(
    express().use(setHeaders, clientFiles(folder), pageNotFound(folder)),
    '127.0.0.1',
    0,
  );
  onTestFinished(() => server.close());
  return server.url;
}

test('all files of the pages are under 150 KB compressed', () => {
  const files = ['index.html', ...assets];
  const size = files.reduce((sum, file) => sum + gzipSync(readFileSync(path.join(BUILT, file))).length, 0);
  expect(size).toBeLessThan(150_000);
});

test('nothing is written into the page that its policy would refuse', () => {
  const page = readFileSync(path.join(BUILT, 'index.html'), 'utf8');
  expect(page).not.toMatch(/<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|https?:\/\//);
});

test('every page is asked for each time, under a policy that allows its own files only', async () => {
  const url = await serve();
  for (const page of ['/', '/runs/documents-1', '/failures', '/control']) {
    const response = await fetch(url + page);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-security-policy')).toContain(
      "default-src 'none';script-src 'self';style-src 'self'",
    );
    expect(await response.text()).toContain('<div id="app">');
  }
});

test('files with a hash in their name are kept for a year; one that is not there is not found', async () => {
  const url = await serve();
  for (const asset of assets) {
    const response = await fetch(`${url}/${asset}`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    await response.body?.cancel();
  }
  expect((await fetch(`${url}/assets/none.js`)).status).toBe(404);
});

test('an address without a page is answered with a page to a browser, and with nothing of it to a program', async () => {
  const url = await serve();
  const seen = await fetch(`${url}/nowhere`, { headers: { accept: 'text/html,*/*;q=0.8' } });
  expect(seen.status).toBe(404);
  expect(await seen.text()).toContain('<div id="app">');
  const read = await fetch(`${url}/api/nowhere`, { headers: { accept: 'text/html' } });
  expect(read.status).toBe(404);
  expect(await read.text()).not.toContain('<div id="app">');
});

test('where the pages were not built, it is said what to do', async () => {
  const empty = mkdtempSync(path.join(tmpdir(), 'client-'));
  onTestFinished(() => rmSync(empty, { recursive: true }));
  const response = await fetch(await serve(empty));
  expect(response.status).toBe(503);
  expect(await response.text()).toMatch(/^The dashboard’s pages were not built\. Run `npm run setup`/);
});

#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Before anything is loaded. A page is a few large buffers and hardly any objects; V8 would collect its whole heap for
// every 64 MB of buffers that come and go, and spend more CPU time on that than a page takes to decode and hash.
// Counted together with the heap, buffers are collected when there is something to gain; and collections that are
// short need no helper threads. Together they save a third of a worker's CPU time (`npm run bench`).
setFlagsFromString('--external-memory-accounted-in-global-limit');
setFlagsFromString('--single-threaded-gc');
enableCompileCache(); // what was compiled once is not compiled again
await import('../bundle/main.js');

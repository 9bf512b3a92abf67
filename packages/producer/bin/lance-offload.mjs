#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

enableCompileCache(); // what was compiled once is not compiled again
await import('../bundle/main.js');

#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// Before anything is loaded: pages are large buffers and few objects, whose collections are short. V8's helper threads
// would spend more CPU time on coordinating them than they save (a fifth of a worker's, measured on two cores).
setFlagsFromString('--single-threaded-gc');
await import('../dist/main.js');

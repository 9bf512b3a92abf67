import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A process that has said it is ready. */
export interface Service {
  readonly pid: number;
  /** The line by which it said so. */
  readonly ready: string;
  stop(): Promise<void>;
}

async function lineWith(stream: Readable, words: string): Promise<string> {
  for await (const line of createInterface(stream)) if (line.includes(words)) return line;
  throw new Error(`the process ended before it said "${words}"`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** Starts a service and waits for the line that says it is ready, on standard output or error. */
export async function startService(
  command: string,
  args: readonly string[],
  words: string,
  env: Record<string, string> = {},
): Promise<Service> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  process.once('exit', () => child.kill('SIGKILL'));
  const ready = await Promise.race([lineWith(child.stdout, words), lineWith(child.stderr, words)]);
  child.stdout.resume();
  child.stderr.resume();
  if (child.pid === undefined) throw new Error(`${command} has no process id`);
  return { pid: child.pid, ready, stop: () => end(child) };
}

/** Runs a program to its end and returns what it printed. */
export async function runProgram(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code]: unknown[] = await once(child, 'close');
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with exit code ${String(code)}:\n${output}`);
  return output;
}

/** Runs one of the bench's own programs to its end and returns the JSON it printed. */
export async function runScript<T>(
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<T> {
  const output = await runProgram(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, ...args],
    env,
  );
  return JSON.parse(output) as T;
}

/** CPU time this process has used so far, on all its threads: on a machine with other work it says more than the clock. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** CPU seconds of all processes that this one has waited for so far (Linux, whose clock ticks 100 times a second). */
export function cpuSecondsOfChildren(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** CPU seconds a process has used so far, on all its threads (Linux, whose clock ticks 100 times a second). */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // "pid (name) state …", where the name may hold anything
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/**
 * The most memory a process has had resident so far, in bytes (Linux). `resourceUsage().maxRSS` of a child would begin
 * with what its parent had when it was forked.
 */
export function peakMemory(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { hashPassword } from './access/passwords.ts';

const LEAST_CHARACTERS = 12;

/** The password cannot be taken. */
export class PasswordError extends Error {
  override readonly name = 'PasswordError';
}

/** Asks on the terminal, and shows nothing of what is typed. */
async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const closed = once(lines, 'close').then(() => {
    throw new PasswordError('No password was given.');
  });
  lines.once('SIGINT', () => lines.close());
  try {
    const [line]: unknown[] = await Promise.race([once(lines, 'line'), closed]);
    return String(line);
  } finally {
    closed.catch(() => undefined); // closed below, after the answer
    lines.close();
    process.stderr.write('\n');
  }
}

async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '');
  const password = await askHidden('Password: ');
  assertLongEnough(password);
  if ((await askHidden('The same once more: ')) === password) return password;
  throw new PasswordError('The two passwords differ.');
}

function assertLongEnough(password: string): void {
  if (password.length >= LEAST_CHARACTERS) return;
  throw new PasswordError(`The password is too short: it needs ${LEAST_CHARACTERS} characters or more.`);
}

/**
 * `lance-dashboard hash-password`: reads a password from standard input, and prints what `password_hash` takes.
 *
 * @throws PasswordError for a password that is too short, or typed differently the second time.
 */
export async function printPasswordHash(): Promise<void> {
  const password = await readPassword();
  assertLongEnough(password);
  process.stdout.write(`${await hashPassword(password)}\n`);
}

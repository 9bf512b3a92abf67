/** Says what is going on, on standard error: figures go to standard output. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

function bigintAsText(_key: string, item: unknown): unknown {
  return typeof item === 'bigint' ? item.toString() : item;
}

/** Prints a command's answer: for people, or as one JSON document for machines. */
export function print(json: boolean | undefined, value: unknown, text: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(value, bigintAsText, 2) : text()}\n`);
}

/** Prints a command's answer: for people, or as one JSON document for machines. */
export function print(json: boolean | undefined, value: unknown, text: () => string): void {
  const plain = (_key: string, item: unknown) => (typeof item === 'bigint' ? item.toString() : item);
  process.stdout.write(`${json ? JSON.stringify(value, plain, 2) : text()}\n`);
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** The folder of the repository. */
export const ROOT = path.resolve(import.meta.dirname, '../../..');

/** The rows of the first table below a heading, as cells; of the whole file where no heading is given. */
export async function tableIn(file: string, heading = ''): Promise<string[][]> {
  const text = await readFile(path.join(ROOT, 'docs', file), 'utf8');
  const [, below = ''] = heading === '' ? [text, text] : text.split(`\n${heading}\n`);
  const lines = below.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|---'));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 1, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

export const unquoted = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

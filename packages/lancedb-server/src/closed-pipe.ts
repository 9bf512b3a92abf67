/** Lets the server go on when nobody reads its output any more: what it writes from then on is dropped. */
export function dropOutputNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}

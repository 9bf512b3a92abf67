/**
 * Lets a process go on when nobody reads its output any more (`lance-offload query … | head -1`): what it writes from
 * then on is dropped, its work is done, and its exit code is the one of the work. Without this Node ends the process
 * with a stack at the first write to a closed pipe, in the middle of a run.
 */
export function dropOutputNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}

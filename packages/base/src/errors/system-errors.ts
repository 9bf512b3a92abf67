import { OffloadError } from './offload-error.ts';

function isSystemError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).code === 'string';
}

/** Whether a file-system call failed with this errno name. */
export function hasErrno(thrown: unknown, ...names: string[]): boolean {
  return isSystemError(thrown) && names.includes(thrown.code ?? '');
}

/** A failed file-system call on the lake as `LAKE_UNAVAILABLE`; anything else is passed on as it is. */
export function asLakeError(thrown: unknown, verb: string, path: string): unknown {
  if (thrown instanceof OffloadError || !isSystemError(thrown)) return thrown;
  const words: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the quota is used up',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOTDIR: 'a part of the path is not a folder',
    EISDIR: 'a folder has this name',
    ENAMETOOLONG: 'the name is too long for the file system',
  };
  const reason = words[thrown.code ?? ''] ?? thrown.message;
  return new OffloadError(
    'LAKE_UNAVAILABLE',
    `Could not ${verb} ${path}: ${reason}`,
    { path },
    { cause: thrown },
  );
}

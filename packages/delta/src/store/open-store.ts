import { fileURLToPath } from 'node:url';
import { OffloadError } from '@lance-offload/base';
import { LocalStore } from './local-store.ts';
import type { Store } from './store.ts';

/**
 * Opens where a lake is kept: a path, or a `file://` address.
 *
 * @throws OffloadError `CONFIG_INVALID` for an address of another kind.
 */
export function openStore(lake: string): Store {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):\/\//.exec(lake)?.[1]?.toLowerCase();
  if (scheme === undefined) return new LocalStore(lake);
  if (scheme === 'file') return new LocalStore(fileURLToPath(lake));
  throw new OffloadError(
    'CONFIG_INVALID',
    `lake: ${scheme}:// is not supported; give the path of a folder, or file:///path`,
  );
}

import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A file system of its own that is soon full. Mounting one needs root and the right to mount. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async mount(folder: string, sizeKiB: number): Promise<SmallDisk> {
    await mkdir(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'tmpfs', folder]);
    return new SmallDisk(folder);
  }

  /** Whether this process may mount one at all. */
  static isPossible(folder: string): boolean {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
      execFileSync('umount', [folder]);
      return true;
    } catch {
      return false; // not root, or a container without CAP_SYS_ADMIN
    }
  }

  /** Takes up room with a file that `makeSpace` removes. */
  async fill(kiB: number): Promise<void> {
    await writeFile(path.join(this.folder, 'filler'), Buffer.alloc(kiB * 1024));
  }

  async makeSpace(): Promise<void> {
    await rm(path.join(this.folder, 'filler'));
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.folder]);
  }
}

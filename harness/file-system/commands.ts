import { execFile } from 'node:child_process';
import { HarnessError } from '../errors.ts';

const packageOf: Readonly<Record<string, string>> = {
  xfs_io: 'xfsprogs',
  'mkfs.xfs': 'xfsprogs',
  'mkfs.ext4': 'e2fsprogs',
  mount: 'mount',
  umount: 'mount',
  losetup: 'mount',
  fallocate: 'util-linux',
};

/** Runs a program of the system to its end; rejects with one sentence that says what it said. */
export function command(program: string, ...args: string[]): Promise<void> {
  const env = { ...process.env, LC_ALL: 'C' };
  return new Promise((resolve, reject) => {
    execFile(program, args, { env }, (error, stdout, stderr) => {
      if (error === null) return resolve();
      if (error.code === 'ENOENT') return reject(new HarnessError('environment', missing(program)));
      const said = `${stderr}\n${stdout}`.split('\n').find((line) => line.trim() !== '');
      const message = `${program} failed: ${said?.trim() ?? error.message}`;
      reject(new HarnessError('environment', message, { cause: error }));
    });
  });
}

/** "xfs_io is not on the PATH: install xfsprogs" */
export function missing(program: string): string {
  return `${program} is not on the PATH: install ${packageOf[program] ?? program}`;
}

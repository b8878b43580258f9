import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { choose } from '../nemesis/roles.ts';
import { shortName, type Damage } from './damage/damage.ts';
import { readRange, withFile } from './damage/files.ts';
import { onFiles } from './damage/on-files.ts';
import { counted } from '../record/count.ts';

const options = z.strictObject({
  /** So much of the end of the newest segment of a log, or what there is of it, is gone. */
  bytes: z.number().int().min(1).max(1_000_000_000).default(4096),
});

/** A segment begins with so much that was there before its first record. */
const headBytes = 64;

/** The end of one log is gone, in the middle of what was written, although it may have been synced. */
export const tornTail = onFiles({
  kind: 'torn-tail',
  description: 'killed, the end of a log cut off, started again; healed, it is there as before',
  options,
  async damage({ logs, options: { bytes }, draw, asideDirectory }) {
    const ends = await Promise.all(
      logs.map(async ({ name, segments }) => {
        const path = segments.at(-1)!;
        const { size } = await stat(path);
        return { name, path, size, cut: Math.min(bytes, size - headBytes) };
      }),
    );
    const most = Math.max(0, ...ends.map(({ cut }) => cut));
    const longest = ends.filter(({ cut }) => cut === most && cut > 0);
    const end = choose(longest, draw('log'));
    if (end === undefined) throw new Error('no log has an end to cut off: strike later');
    const { name, path, size, cut } = end;
    const aside = join(asideDirectory, `${name}.torn`);
    await mkdir(asideDirectory, { recursive: true });
    await copyFile(path, aside);
    await withFile(aside, 'r+', () => Promise.resolve());
    await withFile(path, 'r+', (file) => file.truncate(size - cut));
    return torn({ log: name, path, aside, size, bytes: cut });
  },
});

function torn(cut: {
  readonly log: string;
  readonly path: string;
  readonly aside: string;
  readonly size: number;
  readonly bytes: number;
}): Damage {
  const { log, path, aside, size, bytes } = cut;
  return {
    log,
    what: `${counted(bytes, 'byte')} of ${shortName(path)} were cut off, from byte ${size - bytes} on`,
    // A log that ends early is as sound as any; only its node can know that there was more.
    isThere: () => Promise.resolve(false),
    async putBack() {
      // It may have been cut back further since, but not have gone on another way.
      const now = await withFile(path, 'r', async (file) =>
        readRange(file, { from: 0, to: (await file.stat()).size }),
      );
      const before = await withFile(aside, 'r', (file) => readRange(file, { from: 0, to: size }));
      if (now.length >= size || !now.equals(before.subarray(0, now.length))) return false;
      await withFile(path, 'r+', (file) =>
        file.write(before, now.length, size - now.length, now.length),
      );
      return true;
    },
  };
}

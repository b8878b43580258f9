import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { choose } from '../nemesis/roles.ts';
import { shortName, type Damage } from './damage/damage.ts';
import { onFiles } from './damage/on-files.ts';

const options = z.strictObject({
  /** Of the segments of a log: the first, or one between the first and the last. */
  which: z.enum(['oldest', 'middle']).default('middle'),
});

/** One segment of one log is gone as a whole, with older or newer ones still there. */
export const missingFile = onFiles({
  kind: 'missing-file',
  description:
    'killed, a segment of a log taken away, started again; healed, it is there as before',
  options,
  async damage({ logs, options: { which }, draw, asideDirectory }) {
    const fitting = logs
      .map(({ name, segments }) => ({
        name,
        segments: which === 'oldest' ? segments.slice(0, -1).slice(0, 1) : segments.slice(1, -1),
      }))
      .filter(({ segments }) => segments.length > 0);
    const hit = choose(fitting, draw('log'));
    const path = hit && choose(hit.segments, draw('segment'));
    if (hit === undefined || path === undefined) {
      const needed = which === 'oldest' ? 'two segments' : 'three segments';
      throw new Error(`no log has ${needed}: make segmentSize smaller, or strike later`);
    }
    const aside = join(asideDirectory, `${hit.name}-${basename(path)}`);
    await mkdir(asideDirectory, { recursive: true });
    await move(path, aside);
    return gone(hit.name, path, aside);
  },
});

function gone(log: string, path: string, aside: string): Damage {
  const isThere = (): Promise<boolean> => Promise.resolve(!existsSync(path));
  return {
    log,
    what: `${shortName(path)} was taken away`,
    isThere,
    async putBack() {
      if (existsSync(path)) return false;
      await move(aside, path);
      return true;
    },
  };
}

/** With both folders on the disk, so that a power cut later on brings no file back. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to);
  for (const folder of [dirname(from), dirname(to)]) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

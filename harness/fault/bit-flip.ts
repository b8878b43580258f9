import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { choose } from '../nemesis/roles.ts';
import { shortName, type Damage } from './damage/damage.ts';
import { readRange, withFile } from './damage/files.ts';
import type { LogFiles } from './damage/logs.ts';
import { onFiles } from './damage/on-files.ts';
import { counted } from '../record/count.ts';

const options = z.strictObject({
  /** Spread over the file, each in a byte of its own. */
  bits: z.number().int().min(1).max(1000).default(1),
  /** Of the log that is hit: the segment that is written to, an older one, or any. */
  in: z.enum(['newest', 'older', 'any']).default('any'),
});

/** Bits of one segment of one log read other than they were written, as on a disk that rots. */
export const bitFlip = onFiles({
  kind: 'bit-flip',
  description: 'killed, bits of a log segment flipped, started again; healed, they are as before',
  options,
  async damage({ logs, options: { bits, in: where }, draw }) {
    const fitting = logs
      .map((log) => ({ log, segments: segmentsOf(log, where) }))
      .filter(({ segments }) => segments.length > 0);
    const hit = choose(fitting, draw('log'));
    const path = hit && choose(hit.segments, draw('segment'));
    if (hit === undefined || path === undefined)
      throw new Error('no log has an older segment: make segmentSize smaller, or strike later');
    const flips = await drawFlips(path, bits, draw);
    await withFile(path, 'r+', async (file) => {
      for (const { position, mask, from, before } of flips)
        await file.write(Buffer.from([before[position - from]! ^ mask]), 0, 1, position);
    });
    const damage = flipped(hit.log.name, path, flips);
    if (!(await damage.isThere())) throw new Error(`${path} kept its bits as they were`);
    return damage;
  },
});

function segmentsOf({ segments }: LogFiles, where: 'newest' | 'older' | 'any'): readonly string[] {
  if (where === 'any') return segments;
  return where === 'newest' ? segments.slice(-1) : segments.slice(0, -1);
}

interface Flip {
  readonly position: number;
  readonly mask: number;
  /** What stood around it, from there on. */
  readonly from: number;
  readonly before: Buffer;
}

/** By so many bytes on either side a flip is known again. */
const aroundBytes = 16;

async function drawFlips(
  path: string,
  bits: number,
  draw: (word: string) => number,
): Promise<Flip[]> {
  const { size } = await stat(path);
  const flips = new Map<number, Flip>();
  await withFile(path, 'r', async (file) => {
    for (let bit = 0; flips.size < Math.min(bits, size); bit++) {
      const position = Math.floor(draw(`byte ${bit}`) * size);
      const mask = 1 << Math.floor(draw(`bit ${bit}`) * 8);
      const from = Math.max(0, position - aroundBytes);
      const before = await readRange(file, { from, to: position + aroundBytes + 1 });
      if (!flips.has(position)) flips.set(position, { position, mask, from, before });
    }
  });
  return [...flips.values()];
}

function flipped(log: string, path: string, flips: readonly Flip[]): Damage {
  const places = flips.map(({ position }) => position).toSorted((a, b) => a - b);
  const where = `at byte ${places.slice(0, 5).join(', ')}${places.length > 5 ? ', ...' : ''}`;
  const asFlipped = flips.map((flip) => afterAll(flip, flips));
  const stillThere = (): Promise<Flip[]> =>
    withFile(path, 'r', async (file) => {
      const found: Flip[] = [];
      for (const [index, flip] of flips.entries()) {
        const to = flip.from + flip.before.length;
        const now = await readRange(file, { from: flip.from, to });
        if (now.equals(asFlipped[index]!)) found.push(flip);
      }
      return found;
    });
  return {
    log,
    what: `${counted(flips.length, 'bit')} of ${shortName(path)} flipped, ${where}`,
    isThere: async () => (await stillThere()).length > 0,
    async putBack() {
      const left = await stillThere();
      if (left.length === 0) return false;
      await withFile(path, 'r+', async (file) => {
        for (const { position, from, before } of left)
          await file.write(before, position - from, 1, position);
      });
      return true;
    },
  };
}

/** What stands around a flip once all have been made. */
function afterAll({ from, before }: Flip, flips: readonly Flip[]): Buffer {
  const bytes = Buffer.from(before);
  for (const { position, mask } of flips) {
    const at = position - from;
    if (at >= 0 && at < bytes.length) bytes[at]! ^= mask;
  }
  return bytes;
}

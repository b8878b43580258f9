import { writeSync } from 'node:fs';
import { EmulatedDisk } from '../disk.ts';

export const recordBytes = 1000;

/** A record says its number all over. */
export function recordOf(number: number): Buffer {
  const record = Buffer.alloc(recordBytes);
  for (let at = 0; at < recordBytes; at += 8) record.writeDoubleLE(number, at);
  return record;
}

/**
 * Writes until it is killed: appends records to `log`, with others after them that it never means
 * to keep, replaces `state` through a rename, and says a number on standard output once all that
 * belongs to it is synced.
 */
async function writeForEver(root: string): Promise<void> {
  const disk = new EmulatedDisk(root, { generationBytes: 20_000 });
  const log = await disk.open('log', { create: true });
  await disk.syncDirectory('');
  for (let number = await nextNumber(disk); ; number++) {
    await log.truncate(number * recordBytes);
    const junk = log.write((number + 1) * recordBytes, [recordOf(-1)]);
    await Promise.all([log.write(number * recordBytes, [recordOf(number)]), junk]);
    await log.sync();
    await log.truncate((number + 1) * recordBytes);
    const state = await disk.open('state.tmp', { create: true });
    await state.truncate(0);
    await state.write(0, [recordOf(number)]);
    await state.sync();
    await state.close();
    await disk.rename('state.tmp', 'state');
    await disk.syncDirectory('');
    writeSync(1, `${number}\n`);
  }
}

/** Behind the one in `state`, whose record is in the log. */
async function nextNumber(disk: EmulatedDisk): Promise<number> {
  if (!(await disk.list('')).includes('state')) return 0;
  const state = await disk.open('state');
  const last = (await state.read(0, 8)).readDoubleLE(0);
  await state.close();
  return last + 1;
}

if (process.argv[2] !== undefined) await writeForEver(process.argv[2]);

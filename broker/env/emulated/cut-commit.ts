import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { decodeFrames, encodeFrame } from './frame.ts';
import type { Layout } from './layout.ts';
import type { TrackedTree } from './tracked-tree.ts';

/** What a power cut took. */
export interface PowerCut {
  /** Of writes that no sync had covered, bytes that are gone. */
  readonly bytesDropped: number;
  /** Files that are still there, but not with all that had been written to them. */
  readonly filesReverted: number;
  /** Paths that are gone, are back, or lead to another file than before. */
  readonly namesReverted: number;
  /** In bytes, of every file that is left, by its path below `live`. */
  readonly lengths: Readonly<Record<string, number>>;
}

/** `next` stands beside `live` as `live.next`; from here on a cut is finished, whoever is killed. */
export async function commitCut(
  layout: Layout,
  next: TrackedTree,
  result: PowerCut,
): Promise<void> {
  const frames = [...next.snapshot()].map(encodeFrame);
  const bytes = Buffer.concat([encodeFrame({ kind: 'cut', ...result }), ...frames]);
  await writeFile(`${layout.nextJournal}.new`, bytes);
  await rename(`${layout.nextJournal}.new`, layout.nextJournal);
}

/**
 * Finishes a power cut that was decided and undoes one that was not. Returns what it took, or
 * undefined when none was decided.
 */
export async function finishCut(layout: Layout): Promise<PowerCut | undefined> {
  const { live, removed, journal, nextLive, nextJournal } = layout;
  if (!existsSync(nextJournal)) {
    await rm(nextLive, { recursive: true, force: true });
    return undefined;
  }
  const [result] = decodeFrames(await readFile(nextJournal));
  if (existsSync(nextLive)) {
    await rm(live, { recursive: true, force: true });
    await rename(nextLive, live);
  }
  await rm(removed, { recursive: true, force: true });
  await rename(nextJournal, journal);
  if (result?.kind !== 'cut') return undefined;
  const { bytesDropped, filesReverted, namesReverted, lengths } = result;
  return { bytesDropped, filesReverted, namesReverted, lengths };
}

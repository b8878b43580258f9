import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/**
 * The files of one log of a node: a folder of segments that are named by their first position in
 * twenty digits, which is how the reference broker lays out a partition, and Kafka does.
 */
export interface LogFiles {
  /** The folder's name, by which the node calls the log. */
  readonly name: string;
  /** Paths, the oldest first; the last one is written to. At least one. */
  readonly segments: readonly string[];
}

const segmentName = /^\d{20}\.log$/;
/** What a broker keeps for itself, not for its clients. */
const isInternal = (name: string): boolean => name === 'group-0' || name.startsWith('__');

/** The logs that a node keeps for its clients, in order of their names. */
export async function logsBelow(directory: string): Promise<LogFiles[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const byFolder = new Map<string, Dirent[]>();
  for (const entry of entries) {
    if (!entry.isFile() || !segmentName.test(entry.name)) continue;
    byFolder.set(entry.parentPath, [...(byFolder.get(entry.parentPath) ?? []), entry]);
  }
  return [...byFolder]
    .map(([folder, files]) => ({
      name: basename(folder),
      segments: files.map(({ name }) => join(folder, name)).toSorted(),
    }))
    .filter(({ name }) => !isInternal(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

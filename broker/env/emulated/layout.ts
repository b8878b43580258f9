import { join } from 'node:path';

/** Where the parts of an emulated disk are, below its root. */
export interface Layout {
  /** The files as the node sees them, under their own names. */
  readonly live: string;
  /** Files and directories that are gone from `live` while a power cut may still bring them back. */
  readonly removed: string;
  /** What it takes to undo what no sync has covered. */
  readonly journal: string;
  /** A power cut under way: the tree that shall replace `live`, and the journal that begins with it. */
  readonly nextLive: string;
  readonly nextJournal: string;
  readonly faults: string;
  readonly faultsApplied: string;
}

export function layoutOf(root: string): Layout {
  return {
    live: join(root, 'live'),
    removed: join(root, 'removed'),
    journal: join(root, 'journal'),
    nextLive: join(root, 'live.next'),
    nextJournal: join(root, 'journal.next'),
    faults: join(root, 'faults.json'),
    faultsApplied: join(root, 'faults.applied'),
  };
}

export function pathParts(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

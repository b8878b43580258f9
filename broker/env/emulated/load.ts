import { existsSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryNode } from '../disk-tree.ts';
import { decodeFrames } from './frame.ts';
import type { Layout } from './layout.ts';
import { TrackedTree } from './tracked-tree.ts';
import type { Directory } from './tracked-tree.ts';

/** What a process that is gone has left: its journal, made to agree with the files. */
export async function loadTree(layout: Layout): Promise<TrackedTree> {
  await mkdir(layout.live, { recursive: true });
  await mkdir(layout.removed, { recursive: true });
  const tree = new TrackedTree();
  for (const frame of decodeFrames(await readJournal(layout.journal))) tree.apply(frame);
  if (tree.intent !== undefined) {
    const begun = existsSync(join(layout.live, tree.intent.path));
    tree.apply({ kind: begun ? 'cancelled' : 'done' });
  }
  await reconcile(tree, tree.root, layout.live);
  return tree;
}

async function readJournal(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/**
 * Someone may have taken or put files while no process ran, and the process may have been killed
 * between making a file and saying so: what is there counts, and cannot be lost to a power cut.
 */
async function reconcile(tree: TrackedTree, directory: Directory, path: string): Promise<void> {
  const found = new Map<string, Dirent>();
  for (const entry of await readdir(path, { withFileTypes: true })) found.set(entry.name, entry);
  for (const [name, node] of directory.live) {
    const isDirectory = node instanceof DirectoryNode;
    if (found.get(name)?.isDirectory() !== isDirectory) directory.lose(name);
  }
  for (const [name, entry] of found) {
    const kind = entry.isDirectory() ? 'directory' : 'file';
    const node = directory.live.get(name) ?? tree.adopt(directory, name, kind);
    if (node instanceof DirectoryNode) await reconcile(tree, node, join(path, name));
  }
}

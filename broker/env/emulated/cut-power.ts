import { existsSync } from 'node:fs';
import { link, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DirectoryNode } from '../disk-tree.ts';
import type { Random } from '../random.ts';
import { commitCut, finishCut } from './cut-commit.ts';
import type { PowerCut } from './cut-commit.ts';
import { layoutOf } from './layout.ts';
import type { Layout } from './layout.ts';
import { lengthAfter } from './length-after.ts';
import { loadTree } from './load.ts';
import { rebuildFile } from './rebuild-file.ts';
import { lengthOf } from './tracked-file.ts';
import type { TrackedFile } from './tracked-file.ts';
import { TrackedTree } from './tracked-tree.ts';
import type { Directory, TrackedNode } from './tracked-tree.ts';

/**
 * Takes from the emulated disk below `root` what a power cut would: what syncs covered as of their
 * start stays, of the rest only what `random` spares. No process may be using the disk. May be
 * killed at any moment and called again: then the cut has happened once.
 */
export async function cutPower(options: {
  readonly root: string;
  readonly random: Random;
}): Promise<PowerCut> {
  const layout = layoutOf(options.root);
  const finished = await finishCut(layout);
  if (finished !== undefined) return finished;
  const tree = await loadTree(layout);
  const places = await placesOf(layout, tree);
  const before = pathsOf(tree.root);
  tree.root.crash(options.random);
  const after = pathsOf(tree.root);
  const lengths = await lengthsOf(after, places);
  const result = { ...measure(before, after), lengths };
  await build(layout.nextLive, after, places);
  await commitCut(layout, asStable(after), result);
  await finishCut(layout);
  return result;
}

/** Every path below the directory, parents first. */
function pathsOf(directory: Directory): Map<string, TrackedNode> {
  const paths = new Map<string, TrackedNode>();
  const walk = (at: Directory, prefix: string): void => {
    for (const [name, node] of at.live) {
      paths.set(prefix + name, node);
      if (node instanceof DirectoryNode) walk(node, `${prefix}${name}/`);
    }
  };
  walk(directory, '');
  return paths;
}

/** Where the bytes of each file are, also of those that no longer have a name. */
async function placesOf(layout: Layout, tree: TrackedTree): Promise<Map<TrackedNode, string>> {
  const places = new Map<TrackedNode, string>();
  const add = (node: TrackedNode, path: string): void => {
    places.set(node, path);
    if (!(node instanceof DirectoryNode)) return;
    for (const [below, child] of pathsOf(node)) places.set(child, join(path, below));
  };
  for (const name of await readdir(layout.removed)) {
    const node = tree.nodeOf(Number(name));
    if (node !== undefined) add(node, join(layout.removed, name));
  }
  add(tree.root, layout.live);
  return places;
}

/** How long each file is to be, by its path, from what is known of it and not from what is built. */
async function lengthsOf(
  paths: ReadonlyMap<string, TrackedNode>,
  places: ReadonlyMap<TrackedNode, string>,
): Promise<Record<string, number>> {
  const lengths: Record<string, number> = {};
  for (const [path, node] of paths) {
    const place = places.get(node);
    if (node instanceof DirectoryNode || place === undefined || !existsSync(place)) continue;
    const { size } = await stat(place);
    lengths[path] = isWhole(node) ? size : lengthAfter(node, size);
  }
  return lengths;
}

async function build(
  target: string,
  paths: ReadonlyMap<string, TrackedNode>,
  places: ReadonlyMap<TrackedNode, string>,
): Promise<void> {
  await mkdir(target);
  const built = new Map<TrackedFile, string>();
  for (const [path, node] of paths) {
    const to = join(target, path);
    if (node instanceof DirectoryNode) {
      await mkdir(to, { recursive: true });
      continue;
    }
    const from = built.get(node) ?? places.get(node);
    // Taken away by someone while it had no name.
    if (from === undefined || !existsSync(from)) continue;
    await mkdir(dirname(to), { recursive: true });
    // Whole files are not copied: the old tree goes, its files stay.
    if (built.has(node) || isWhole(node)) await link(from, to);
    else await rebuildFile(from, to, node);
    built.set(node, to);
  }
}

function isWhole(file: TrackedFile): boolean {
  return file.changes.length === file.survivors.length && droppedOf(file) === 0;
}

/** Bytes of writes that no sync had covered and that are gone. */
function droppedOf(file: TrackedFile): number {
  let bytes = 0;
  for (const { change } of file.changes) bytes += lengthOf(change);
  for (const survivor of file.survivors) bytes -= survivor.bytes;
  return bytes;
}

function measure(
  before: ReadonlyMap<string, TrackedNode>,
  after: ReadonlyMap<string, TrackedNode>,
): Omit<PowerCut, 'lengths'> {
  let bytesDropped = 0;
  let filesReverted = 0;
  let namesReverted = 0;
  const kept = new Set(after.values());
  for (const node of new Set([...before.values(), ...kept])) {
    if (node instanceof DirectoryNode) continue;
    bytesDropped += droppedOf(node);
    if (kept.has(node) && !isWhole(node)) filesReverted++;
  }
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(path) !== after.get(path)) namesReverted++;
  }
  return { bytesDropped, filesReverted, namesReverted };
}

/** What is left is on the disk and stays. */
function asStable(paths: ReadonlyMap<string, TrackedNode>): TrackedTree {
  const tree = new TrackedTree();
  const directories = new Map<string, Directory>([['.', tree.root]]);
  for (const [path, node] of paths) {
    const kind = node instanceof DirectoryNode ? 'directory' : 'file';
    const slash = path.lastIndexOf('/');
    const parent = directories.get(slash < 0 ? '.' : path.slice(0, slash))!;
    const adopted = tree.adopt(parent, path.slice(slash + 1), kind);
    if (adopted instanceof DirectoryNode) directories.set(path, adopted);
  }
  return tree;
}

import { link, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskError } from '../disk.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { DirectoryNode } from '../disk-tree.ts';
import { RealDisk } from '../real/disk.ts';
import { finishCut } from './cut-commit.ts';
import { FaultControl } from './faults.ts';
import { OpenFile } from './file.ts';
import { encodeFrame } from './frame.ts';
import type { Frame, NameFrame } from './frame.ts';
import { Journal } from './journal.ts';
import { layoutOf, pathParts } from './layout.ts';
import type { Layout } from './layout.ts';
import { loadTree } from './load.ts';
import { asDiskError } from './system-error.ts';
import { TrackedFile } from './tracked-file.ts';
import type { TrackedTree } from './tracked-tree.ts';
import type { Directory, TrackedNode } from './tracked-tree.ts';

/**
 * Real files below `<root>/live`, and beside them a journal of what it takes to undo all that no
 * sync has covered, written before each change: so that `cutPower` can take from a dead process what
 * a power cut would take, and a mere kill takes nothing. An append costs the journal some hundred
 * bytes, whatever its length. Syncs are real too. `<root>/faults.json` makes it fail.
 */
export class EmulatedDisk implements Disk {
  readonly #layout: Layout;
  readonly #real: Disk;
  readonly #faults: FaultControl;
  readonly #journal: Journal;
  readonly #open = new Map<TrackedNode, OpenFile>();
  #attached: Promise<TrackedTree> | undefined;
  #tree: TrackedTree | undefined;
  #names: Promise<unknown> = Promise.resolve();
  #removedAny = false;

  /** Memory and journal are bounded by what is not synced, plus about `generationBytes`. */
  constructor(root: string, options?: { readonly generationBytes?: number }) {
    this.#layout = layoutOf(root);
    this.#real = new RealDisk(this.#layout.live);
    this.#faults = new FaultControl(root);
    this.#journal = new Journal({
      path: this.#layout.journal,
      generationBytes: options?.generationBytes ?? 4 * 1024 * 1024,
      snapshot: () => this.#snapshot(),
    });
  }

  open(path: string, options?: { readonly create?: boolean }): Promise<DiskFile> {
    return this.#inTurn(async (tree) => {
      const { directory, name } = parentOf(tree, path);
      let node = directory.live.get(name);
      if (node === undefined && !options?.create) throw missing(path);
      if (node instanceof DirectoryNode) throw new DiskError('EISDIR', `${path} is a directory`);
      if (node === undefined && this.#faults.refusesGrowth()) {
        throw new DiskError('ENOSPC', `No space is left for ${path}`);
      }
      const known = node === undefined ? undefined : this.#open.get(node);
      if (known !== undefined) return known.handle();
      const inner = await this.#real.open(path, options);
      node ??= await this.#link(tree, { directory, name, node: 'file' });
      const tracked = node as TrackedFile;
      const file = new OpenFile(this.#fileParts(tree), inner, tracked, path);
      this.#open.set(tracked, file);
      return file.handle();
    });
  }

  async list(directory: string): Promise<string[]> {
    await this.#attach();
    return await this.#real.list(directory);
  }

  makeDirectory(directory: string): Promise<void> {
    return this.#inTurn(async (tree) => {
      let at = tree.root;
      const path: string[] = [];
      for (const name of pathParts(directory)) {
        path.push(name);
        let next = at.live.get(name);
        if (next === undefined) {
          await this.#real.makeDirectory(path.join('/'));
          next = await this.#link(tree, { directory: at, name, node: 'directory' });
        }
        if (next instanceof TrackedFile) throw new DiskError('ENOTDIR', `${name} is a file`);
        at = next;
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inTurn(async (tree) => {
      const source = parentOf(tree, from);
      const target = parentOf(tree, to);
      const node = source.directory.live.get(source.name);
      if (node === undefined) throw missing(from);
      const replaced = target.directory.live.get(target.name);
      if (replaced === node) return;
      await this.#intend(tree, from, renaming(tree, source, target, node), async () => {
        if (replaced instanceof TrackedFile) {
          const kept = await this.#vacantPlace(tree, replaced);
          if (kept !== undefined) await link(join(this.#layout.live, to), kept);
        }
        await this.#real.rename(from, to);
      });
    });
  }

  remove(path: string): Promise<void> {
    return this.#inTurn(async (tree) => {
      const node = tree.lookUp(path);
      if (node === undefined) return;
      if (node instanceof DirectoryNode) throw new DiskError('EISDIR', `${path} is a directory`);
      await this.#unlink(tree, path, node);
    });
  }

  removeDirectory(directory: string): Promise<void> {
    return this.#inTurn(async (tree) => {
      const node = tree.lookUp(directory);
      if (node !== undefined) await this.#unlink(tree, directory, node);
    });
  }

  async syncDirectory(directory: string): Promise<void> {
    const tree = await this.#attach();
    const node = tree.lookUp(directory);
    if (!(node instanceof DirectoryNode)) throw missing(directory);
    const { mark } = node;
    await this.#faults.delay();
    await this.#real.syncDirectory(directory);
    const count = node.unsyncedTo(mark);
    const id = tree.idOf(node);
    if (count === 0 || id === undefined) return;
    await this.#record(tree, { kind: 'settle', id, count });
    if (this.#removedAny) await this.#inTurn(() => this.#clear(tree));
  }

  /** For a rig that goes on: the files stay, nothing is written any more. */
  async detach(): Promise<void> {
    await this.#attached;
    this.#faults.stop();
    await this.#journal.close();
  }

  #attach(): Promise<TrackedTree> {
    this.#attached ??= asDiskError('open the emulated disk', async () => {
      await finishCut(this.#layout);
      const tree = (this.#tree = await loadTree(this.#layout));
      await this.#clear(tree);
      await this.#faults.start();
      return tree;
    });
    return this.#attached;
  }

  /** Names change one operation after another. */
  async #inTurn<T>(run: (tree: TrackedTree) => Promise<T>): Promise<T> {
    const tree = await this.#attach();
    const ended = this.#names.then(() => run(tree));
    this.#names = ended.catch(() => {});
    return await ended;
  }

  #record(tree: TrackedTree, frame: Frame): Promise<void> {
    tree.apply(frame);
    const append = (): Promise<void> => this.#journal.append(encodeFrame(frame));
    return asDiskError('write the journal of the emulated disk', append);
  }

  #fileParts(tree: TrackedTree) {
    return {
      faults: this.#faults,
      record: async (tracked: TrackedFile, frame: (id: number) => Frame) => {
        const id = tree.idOf(tracked);
        if (id !== undefined) await this.#record(tree, frame(id));
      },
      closed: (tracked: TrackedFile) => void this.#open.delete(tracked),
    };
  }

  async #link(
    tree: TrackedTree,
    entry: {
      readonly directory: Directory;
      readonly name: string;
      readonly node: 'file' | 'directory';
    },
  ): Promise<TrackedNode> {
    const directory = tree.idOf(entry.directory)!;
    const id = tree.newId();
    await this.#record(tree, { ...entry, kind: 'link', directory, id });
    return tree.nodeOf(id)!;
  }

  async #unlink(tree: TrackedTree, path: string, node: TrackedNode): Promise<void> {
    const { directory, name } = parentOf(tree, path);
    const changes: NameFrame[] = [{ kind: 'unlink', directory: tree.idOf(directory)!, name }];
    await this.#intend(tree, path, changes, async () => {
      const kept = await this.#vacantPlace(tree, node);
      if (kept === undefined) throw missing(path);
      await rename(join(this.#layout.live, path), kept);
    });
  }

  /** Where a node is kept whose name is about to go. */
  async #vacantPlace(tree: TrackedTree, node: TrackedNode): Promise<string | undefined> {
    const id = tree.idOf(node);
    if (id === undefined) return undefined;
    this.#removedAny = true;
    const place = join(this.#layout.removed, String(id));
    await rm(place, { force: true, recursive: true });
    return place;
  }

  /** `path` is where the change shows: there before it, gone after it. */
  async #intend(
    tree: TrackedTree,
    path: string,
    changes: readonly NameFrame[],
    perform: () => Promise<void>,
  ): Promise<void> {
    await this.#record(tree, { kind: 'intent', path, changes });
    try {
      await asDiskError(`change the name of ${path}`, perform);
    } catch (error) {
      await this.#record(tree, { kind: 'cancelled' });
      throw error;
    }
    await this.#record(tree, { kind: 'done' });
  }

  /** Deletes what no power cut can bring back. */
  async #clear(tree: TrackedTree): Promise<void> {
    tree.prune();
    const kept = await readdir(this.#layout.removed);
    const gone = kept.filter((name) => tree.nodeOf(Number(name)) === undefined);
    for (const name of gone) {
      await rm(join(this.#layout.removed, name), { recursive: true, force: true });
    }
    this.#removedAny = gone.length < kept.length;
  }

  #snapshot(): Buffer {
    const tree = this.#tree!;
    tree.coalesce((file) => this.#open.get(file)?.idle !== false);
    return Buffer.concat([...tree.snapshot()].map(encodeFrame));
  }
}

interface Place {
  readonly directory: Directory;
  readonly name: string;
}

function parentOf(tree: TrackedTree, path: string): Place {
  const names = pathParts(path);
  const name = names.pop();
  const directory = tree.lookUp(names.join('/'));
  if (name === undefined || !(directory instanceof DirectoryNode)) throw missing(path);
  return { directory, name };
}

function renaming(tree: TrackedTree, source: Place, target: Place, node: TrackedNode): NameFrame[] {
  const from = tree.idOf(source.directory)!;
  const { name } = source;
  if (source.directory === target.directory) {
    return [{ kind: 'rename', directory: from, name, to: target.name }];
  }
  return [
    {
      kind: 'link',
      directory: tree.idOf(target.directory)!,
      name: target.name,
      id: tree.idOf(node)!,
      node: node instanceof DirectoryNode ? 'directory' : 'file',
    },
    { kind: 'unlink', directory: from, name },
  ];
}

function missing(path: string): DiskError {
  return new DiskError('ENOENT', `${path} does not exist`);
}

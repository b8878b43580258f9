import { assert } from '../../assert.ts';
import { DirectoryNode } from '../disk-tree.ts';
import type { NameChange, TreeNode } from '../disk-tree.ts';
import type { Frame, NameFrame } from './frame.ts';
import { pathParts } from './layout.ts';
import { TrackedFile } from './tracked-file.ts';

export type Directory = DirectoryNode<TrackedFile>;
export type TrackedNode = TreeNode<TrackedFile>;

/**
 * What the journal says: all names and all changes that no sync has covered. The running disk and
 * a reader of its journal take the same frames and so know the same. Pure.
 */
export class TrackedTree {
  readonly root: Directory = new DirectoryNode();
  readonly #nodes = new Map<number, TrackedNode>([[0, this.root]]);
  readonly #ids = new Map<TrackedNode, number>([[this.root, 0]]);
  #nextId = 1;
  #intent: Extract<Frame, { kind: 'intent' }> | undefined;

  apply(frame: Frame): void {
    switch (frame.kind) {
      case 'intent':
        this.#intent = frame;
        return;
      case 'done':
        for (const change of this.#intent?.changes ?? []) this.#rename(change);
        this.#intent = undefined;
        return;
      case 'cancelled':
        this.#intent = undefined;
        return;
      case 'change': {
        const file = this.#nodes.get(frame.id);
        if (file instanceof TrackedFile) file.push(frame.change, frame.fate);
        return;
      }
      case 'settle':
      case 'forget': {
        const node = this.#nodes.get(frame.id);
        if (node instanceof DirectoryNode) node.settle(frame.count);
        else node?.resolve(frame.count, frame.kind === 'settle' ? 'settled' : 'forgotten');
        return;
      }
      case 'cut':
        return;
      default:
        this.#rename(frame);
    }
  }

  /** The change of names that was begun and of which nobody has said how it ended. */
  get intent(): Extract<Frame, { kind: 'intent' }> | undefined {
    return this.#intent;
  }

  /** A number for a node that shall be linked. */
  newId(): number {
    return this.#nextId++;
  }

  /** Undefined for a node of which nothing can come back any more. */
  idOf(node: TrackedNode): number | undefined {
    return this.#ids.get(node);
  }

  nodeOf(id: number): TrackedNode | undefined {
    return this.#nodes.get(id);
  }

  lookUp(path: string): TrackedNode | undefined {
    let at: TrackedNode | undefined = this.root;
    for (const name of pathParts(path)) {
      if (!(at instanceof DirectoryNode)) return undefined;
      at = at.live.get(name);
    }
    return at;
  }

  /** Takes in what someone else has put there, as stable. */
  adopt(directory: Directory, name: string, kind: 'file' | 'directory'): TrackedNode {
    const node = this.#register(this.newId(), kind);
    directory.adopt(name, node);
    return node;
  }

  /** Lets go of what neither the live tree nor any power cut can show again. */
  prune(): void {
    const reachable = new Set(this.#reachable());
    for (const [id, node] of this.#nodes) {
      if (reachable.has(node)) continue;
      this.#nodes.delete(id);
      this.#ids.delete(node);
    }
  }

  /** See `TrackedFile.coalesce`; only of files for which `idle` holds. */
  coalesce(idle: (file: TrackedFile) => boolean): void {
    for (const node of this.#nodes.values()) {
      if (node instanceof TrackedFile && idle(node)) node.coalesce();
    }
  }

  /** Frames that lead from an empty tree to this one. */
  *snapshot(): Generator<Frame> {
    const nodes = this.#reachable();
    for (const node of nodes) {
      if (!(node instanceof DirectoryNode)) continue;
      const directory = this.#ids.get(node)!;
      for (const [name, child] of node.stable) yield this.#link(directory, name, child);
      if (node.stable.size > 0) yield { kind: 'settle', id: directory, count: node.stable.size };
      for (const change of node.unsynced) yield this.#nameFrame(directory, change);
    }
    for (const node of nodes) {
      if (!(node instanceof TrackedFile)) continue;
      const id = this.#ids.get(node)!;
      for (const tracked of node.changes) yield { kind: 'change', id, ...tracked };
    }
    if (this.#intent !== undefined) yield this.#intent;
  }

  #reachable(): TrackedNode[] {
    const seen = new Set<TrackedNode>([this.root]);
    for (const node of seen) {
      if (!(node instanceof DirectoryNode)) continue;
      for (const child of node.live.values()) seen.add(child);
      for (const child of node.stable.values()) seen.add(child);
      for (const change of node.unsynced) if (change.kind !== 'unlink') seen.add(change.node);
    }
    return [...seen];
  }

  #rename(frame: NameFrame): void {
    const directory = this.#nodes.get(frame.directory);
    assert(directory instanceof DirectoryNode, 'names change in a directory that is known');
    const { kind, name } = frame;
    if (kind === 'link') {
      const node = this.#nodes.get(frame.id) ?? this.#register(frame.id, frame.node);
      directory.change({ kind, name, node });
    } else if (kind === 'unlink') {
      directory.change({ kind, name });
    } else {
      const node = directory.live.get(name);
      assert(node !== undefined, 'what is renamed exists');
      directory.change({ kind, name, to: frame.to, node });
    }
  }

  #register(id: number, kind: 'file' | 'directory'): TrackedNode {
    const node = kind === 'file' ? new TrackedFile() : new DirectoryNode<TrackedFile>();
    this.#nodes.set(id, node);
    this.#ids.set(node, id);
    this.#nextId = Math.max(this.#nextId, id + 1);
    return node;
  }

  #link(directory: number, name: string, child: TrackedNode): NameFrame {
    const node = child instanceof DirectoryNode ? 'directory' : 'file';
    return { kind: 'link', directory, name, id: this.#ids.get(child)!, node };
  }

  #nameFrame(directory: number, change: NameChange<TrackedFile>): NameFrame {
    if (change.kind === 'link') return this.#link(directory, change.name, change.node);
    if (change.kind === 'unlink') return { kind: 'unlink', directory, name: change.name };
    return { kind: 'rename', directory, name: change.name, to: change.to };
  }
}
